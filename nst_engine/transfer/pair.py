"""A pair as it is handed to an engine: a content, a style, and whoever watches their transfer."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from nst_engine.config import TransferConfig
from nst_engine.images import Photograph, read_photograph
from nst_engine.transfer.checkpoint import Checkpoint
from nst_engine.transfer.sizes import result_sizes
from nst_engine.types import Picture, PictureSource

Source: TypeAlias = PictureSource | Photograph
"""Whatever a picture can be read from, or has been."""

OnSnapshot: TypeAlias = Callable[[int, Picture], Any]
OnCheckpoint: TypeAlias = Callable[[Checkpoint], Any]

Kind: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[int, int]]
"""Width and height at each level, and the level and the steps of it after which a transfer begins."""


class Pair(NamedTuple):
    """One of several for `StyleTransfer.run_batch`.

    Attributes:
        content, style, on_snapshot, on_checkpoint, resume: as for `StyleTransfer.run`.
    """

    content: Source
    style: Source
    on_snapshot: OnSnapshot | None = None
    on_checkpoint: OnCheckpoint | None = None
    resume: Checkpoint | None = None

    @property
    def begins(self) -> tuple[int, int]:
        """Index of the level, and the steps of it, after which the transfer begins."""
        return (0, 0) if self.resume is None else (self.resume.level, self.resume.done)

    def kind(self, config: TransferConfig) -> Kind:
        """What pairs must have in common to be taken together.

        Raises:
            ImageError: the content cannot be read, or is too narrow.
        """
        return result_sizes(config, as_photograph(self.content).picture), self.begins


def as_photograph(source: Source) -> Photograph:
    """The source as it was read before, or is now."""
    return source if isinstance(source, Photograph) else read_photograph(source)
