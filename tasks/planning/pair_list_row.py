"""Makes pairs from one row of a pair list."""

import re
from bisect import bisect
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from operator import attrgetter

from nst_engine.config import TransferConfig
from nst_engine.config.from_text import parse_field
from tasks.planning.names import nfc
from tasks.planning.pairs import Overrides, PairSpec
from tasks.planning.request import PairingError
from tasks.planning.requirements import require_usable
from tasks.storage import Entry, StorageError
from tasks.storage.base import check_key

_NEIGHBOURS = 100
"""How many keys on either side of a missing key's place are searched for the most similar name."""

_SETTINGS_KEPT = 1024
"""How many different settings are checked only once: thousands of rows share a few dozen."""

_SAFE_TITLE = re.compile(r'(?![. ]|~\$)[^\x00-\x1f\x7f\ud800-\udfff/\\:*?"<>|]+(?<![. ])')
_LONGEST_TITLE = 200
"""In bytes: file systems allow 255, suffixes included."""


class RowReader:
    """Makes pairs from rows.

    Args:
        contents, styles: the pictures that rows may name, in the order of their keys.
        backbones: the batch's backbones, for rows that name none.
        config: the batch's configuration, whose fields rows may override.
    """

    def __init__(
        self, contents: list[Entry], styles: list[Entry], backbones: tuple[str, ...], config: TransferConfig
    ) -> None:
        self._contents, self._styles = _Side("content", contents), _Side("style", styles)
        self._backbones, self._config = backbones, config
        self._settings = lru_cache(_SETTINGS_KEPT)(self._backbones_with_overrides)

    def pairs(self, row: Mapping[str, str]) -> list[PairSpec]:
        """The row's pairs: one for the backbone that it names, or one for each of the batch.

        Raises:
            PairingError: there is no such content or style, or the name is not allowed for a file.
            ConfigError: a cell's value is not allowed, or the fields do not go together.
            WeightsError: the weights are absent or damaged.
        """
        content, style = self._contents.find(row["content"]), self._styles.find(row["style"])
        title = _parse_title(row.get("name", ""))
        cells = tuple((name, text.strip()) for name, text in row.items() if name not in ("content", "style", "name"))
        return [
            PairSpec(content=content, style=style, backbone=backbone, overrides=overrides, title=title)
            for backbone, overrides in self._settings(tuple(cell for cell in cells if cell[1]))
        ]

    def _backbones_with_overrides(self, cells: tuple[tuple[str, str], ...]) -> list[tuple[str, Overrides]]:
        """The backbones of a row, each with the row's overrides, once all that they need is there."""
        values = {name: parse_field(name, text) for name, text in cells}
        own = values.pop("backbone", None)
        names = self._backbones if own is None else [own]
        configs = [self._config.replace(backbone=name, **values) for name in names]
        for config in configs:
            require_usable(config)
        return [(config.backbone, self._overrides(config, sorted(values))) for config in configs]

    def _overrides(self, config: TransferConfig, names: list[str]) -> Overrides:
        """The fields among `names` that differ from the batch's configuration, with their values."""
        changed = (name for name in names if getattr(config, name) != getattr(self._config, name))
        return tuple((name, getattr(config, name)) for name in changed)


class _Side:
    """The pictures of one side, found by keys as a person types them."""

    def __init__(self, side: str, entries: list[Entry]) -> None:
        self._side, self._entries = side, entries
        self._known = {nfc(entry.key): entry for entry in entries}
        self._known.update((entry.key, entry) for entry in entries)

    def find(self, text: str) -> Entry:
        """The picture with the key `text`, whose accents may have the other form.

        Raises:
            PairingError: there is none; the text names the most similar key.
        """
        entry = self._known.get(text) or self._known.get(nfc(text))
        if entry is None:
            raise PairingError(self._explain_missing(text))
        return entry

    def _explain_missing(self, text: str) -> str:
        if not text:
            return f"{self._side} is empty; give the key of a picture"
        try:
            check_key(text)
        except StorageError:
            return f"{self._side} {text!r} is no key; use a name relative to the {self._side} folder, as a/b.jpg"
        at = bisect(self._entries, text, key=attrgetter("key"))
        around = [entry.key for entry in self._entries[max(at - _NEIGHBOURS, 0) : at + _NEIGHBOURS]]
        near = get_close_matches(text, around, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one such as {around[0]!r}"
        return f"{self._side} {text!r} is not among the {len(self._entries)} pictures there; {hint}"


def _parse_title(text: str) -> str | None:
    if not text:
        return None
    if not _SAFE_TITLE.fullmatch(text) or len(text.encode()) > _LONGEST_TITLE:
        raise PairingError(
            f"name {text!r} is not allowed for a file; use one of at most {_LONGEST_TITLE} bytes, without "
            f'/ \\ : * ? " < > | and control characters, that neither begins nor ends with a dot or a space'
        )
    return text
