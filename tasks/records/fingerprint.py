"""The fingerprint of a result: a hash of everything that decides its bytes."""

import hashlib
import json
from collections.abc import Mapping

from nst_engine.config import TransferConfig

_IGNORED_FIELDS = ("record_every", "snapshot_every", "weights")
"""Fields that do not count: two change no pixel, and the weights count by their hash, not by name or path."""


def fingerprint(
    *,
    content_sha256: str,
    style_sha256: str,
    files_sha256: Mapping[str, str],
    config: TransferConfig,
    weights_sha256: str,
    engine_version: str,
) -> str:
    """SHA-256, in hexadecimal, of everything that decides the bytes of a picture.

    Numbers count by value, so that equal configurations have equal fingerprints. `files_sha256` maps the path of each
    picture that the configuration names to the hash of its bytes; the paths themselves do not count.
    """
    named = config.with_files(lambda path: f"{files_sha256[path]}.sha256").to_dict()
    settings = {name: value for name, value in named.items() if name not in _IGNORED_FIELDS}
    decisive = {
        "content": content_sha256,
        "style": style_sha256,
        "config": {name: float(value) if isinstance(value, int) else value for name, value in settings.items()},
        "weights": weights_sha256,
        "engine": engine_version,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
