"""Follows a transfer: logs progress, writes snapshots for people and checkpoints for the next run."""

from collections.abc import Callable
from time import monotonic
from typing import TypeAlias

from nst_engine import Checkpoint, Record, TransferConfig
from nst_engine.images import encode
from nst_engine.types import Picture
from tasks.interruption import interruption, raise_if_interrupted
from tasks.local_state import checkpoints
from tasks.planning.names import printable
from tasks.planning.pairs import PairSpec
from tasks.storage import Storage, StorageError

CHECKPOINT_SECONDS = 60.0
"""Seconds between two checkpoints: a power cut costs at most this time and the current step."""

LOG_SECONDS = 10.0
"""Seconds between two lines of a pair's log."""

Log: TypeAlias = Callable[[str], object]
"""Takes a line about the progress of a transfer."""


class TransferObserver:
    """Receives the records, snapshots and checkpoints of a pair's transfer; what cannot be saved costs only a note.

    Attributes:
        start: the checkpoint that the transfer goes on from; None is the beginning. A deterministic transfer has None,
            since its bytes must not depend on an earlier run.
        notes: the last error of each kind, `snapshot` and `checkpoint`.
    """

    def __init__(self, output: Storage, pair: PairSpec, config: TransferConfig, fingerprint: str, log: Log) -> None:
        self._output, self._pair, self._config, self._fingerprint = output, pair, config, fingerprint
        self.start = None if config.deterministic else checkpoints.load(fingerprint)
        self.notes: dict[str, str] = {}
        self._log = log
        self._last_checkpoint = self._last_log = monotonic()

    def on_record(self, record: Record) -> None:
        """Log how far the transfer is, at most every `LOG_SECONDS`."""
        if monotonic() - self._last_log >= LOG_SECONDS:
            name = printable(self._pair.name)
            self._log(f"{name}: {record.step} steps, at {record.side} px, total loss {record.total:.4g}")
            self._last_log = monotonic()

    def on_snapshot(self, steps: int, picture: Picture) -> None:
        """Write a snapshot to the output."""
        data = encode(picture, self._config.format, self._config.quality)
        try:
            self._output.write(self._pair.snapshot_key(steps, self._config.format), data)
        except StorageError as error:
            self.notes["snapshot"] = f"a snapshot is missing: {error}"

    def on_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Save a checkpoint on this machine, at most every `CHECKPOINT_SECONDS`, and when the batch is interrupted.

        Raises:
            InterruptedPairError: the batch is interrupted.
        """
        due = interruption.is_set() or monotonic() - self._last_checkpoint >= CHECKPOINT_SECONDS
        if due and not self._config.deterministic:
            self._save(checkpoint)
        raise_if_interrupted()

    def _save(self, checkpoint: Checkpoint) -> None:
        try:
            checkpoints.save(self._fingerprint, checkpoint)
        except StorageError as error:
            self.notes["checkpoint"] = f"no checkpoint could be kept: {error}"
        self._last_checkpoint = monotonic()
