"""What can be known before any work: whether a batch can run at all, and what it would do."""

from collections.abc import Sequence
from pathlib import Path

from nst_engine.errors import ConfigError
from nst_engine.weights import find_weights
from tasks.pairs import Pairing, PairingError, Plan, plan
from tasks.storage import open_storage, require_writable
from tasks.storage.local import LocalStorage
from tasks.work import Job


def preflight(job: Job, backbones: Sequence[str], pairing: Pairing) -> Plan:
    """Check a batch and plan it.

    Raises:
        ConfigError: the configuration does not fit one of the backbones.
        WeightsError: weights are absent or damaged.
        PairingError: there is nothing to pair, or the output lies among the inputs.
        StorageError: a folder cannot be read, or the output cannot be written.
    """
    for backbone in backbones:
        find_weights(job.config.replace(backbone=backbone))
    _require_init(job.config.init)
    contents, styles, output = map(open_storage, (job.content, job.style, job.output))
    for side, inputs in (("content", contents), ("style", styles)):
        if isinstance(inputs, LocalStorage) and isinstance(output, LocalStorage):
            _refuse_output_inside(side, inputs, output)
    found = plan(contents, styles, backbones, pairing)
    require_writable(output)
    return found


def _require_init(init: str) -> None:
    if init not in ("content", "noise", "style") and not Path(init).is_file():
        raise ConfigError(f"init={init!r} is no file; use content, noise, style or the path of a picture")


def _refuse_output_inside(side: str, inputs: LocalStorage, output: LocalStorage) -> None:
    """A result among the inputs would be an input of the next run."""
    if output.root.resolve().is_relative_to(inputs.root.resolve()):
        raise PairingError(f"output {output.uri()!r} lies in the {side} folder {inputs.uri()!r}; choose one outside it")
