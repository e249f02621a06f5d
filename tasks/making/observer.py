"""What is kept of a transfer while it is under way: pictures for people, checkpoints for the next run."""

from collections.abc import Callable
from time import monotonic
from typing import TypeAlias

from nst_engine import Checkpoint, Record, TransferConfig
from nst_engine.images import encode
from nst_engine.types import Picture
from tasks.interruption import interruption, require_going_on
from tasks.local_state import checkpoints
from tasks.planning.pairs import PairSpec
from tasks.storage import Storage, StorageError

CHECKPOINT_SECONDS = 60.0
"""Seconds between two checkpoints: what a power cut may cost at most, but for the step under way."""

LOG_SECONDS = 10.0
"""Seconds between two lines of a pair's log."""

Log: TypeAlias = Callable[[str], object]
"""Takes a line on what is under way."""


class TransferObserver:
    """Keeps what a pair's transfer shows on its way; what cannot be kept costs a note, not the work.

    Attributes:
        begun: the checkpoint that the transfer is to go on from; None is from the beginning. A deterministic transfer
            always begins there, for its bytes must not depend on what became of an earlier run.
        notes: what could not be kept, the last of each kind.
    """

    def __init__(self, output: Storage, pair: PairSpec, config: TransferConfig, fingerprint: str, log: Log) -> None:
        self._output, self._pair, self._config, self._fingerprint = output, pair, config, fingerprint
        self.begun = None if config.deterministic else checkpoints.kept(fingerprint)
        self.notes: dict[str, str] = {}
        self._log = log
        self._last = self._logged = monotonic()

    def on_record(self, record: Record) -> None:
        """Log how far the transfer is, if the last time is long enough ago."""
        if monotonic() - self._logged >= LOG_SECONDS:
            self._log(f"{self._pair.name}: {record.step} steps, at {record.side} px, total loss {record.total:.4g}")
            self._logged = monotonic()

    def on_snapshot(self, steps: int, picture: Picture) -> None:
        """Write a picture on the way into the output."""
        data = encode(picture, self._config.format, self._config.quality)
        try:
            self._output.write(self._pair.snapshot_key(steps, self._config.format), data)
        except StorageError as error:
            self.notes["snapshot"] = f"a snapshot is missing: {error}"

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint on this machine, if the last one is old enough or this is to be the last one.

        Raises:
            InterruptedPairError: the transfer is to end.
        """
        due = interruption.is_set() or monotonic() - self._last >= CHECKPOINT_SECONDS
        if due and not self._config.deterministic:
            self._keep(checkpoint)
        require_going_on()

    def _keep(self, checkpoint: Checkpoint) -> None:
        try:
            checkpoints.keep(self._fingerprint, checkpoint)
        except StorageError as error:
            self.notes["checkpoint"] = f"no checkpoint could be kept: {error}"
        self._last = monotonic()
