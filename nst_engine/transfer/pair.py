"""A pair as an engine takes it: a content, a style, callbacks, and a checkpoint to resume."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from nst_engine.config import TransferConfig
from nst_engine.images import Photograph, read_photograph
from nst_engine.transfer.checkpoint import Checkpoint
from nst_engine.transfer.sizes import result_sizes
from nst_engine.types import Picture, PictureSource

Source: TypeAlias = PictureSource | Photograph
"""Anything that a picture can be read from, or a picture that was read."""

OnSnapshot: TypeAlias = Callable[[int, Picture], Any]
OnCheckpoint: TypeAlias = Callable[[Checkpoint], Any]

Kind: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[int, int]]
"""Width and height at each level; the level, and the steps of that level, at which a transfer begins."""


class Pair(NamedTuple):
    """A pair for `StyleTransfer.run_batch`.

    Attributes:
        content, style, on_snapshot, on_checkpoint, resume, painted: as for `StyleTransfer.run`.
    """

    content: Source
    style: Source
    on_snapshot: OnSnapshot | None = None
    on_checkpoint: OnCheckpoint | None = None
    resume: Checkpoint | None = None
    painted: Picture | None = None

    @property
    def begins(self) -> tuple[int, int]:
        """The level, and the steps of that level, at which the transfer begins: 0 and 0, or a checkpoint's."""
        return (0, 0) if self.resume is None else (self.resume.level, self.resume.done)

    def kind(self, config: TransferConfig) -> Kind:
        """The key that pairs must share to be optimized together.

        Raises:
            ImageError: the content cannot be read, or is too narrow.
        """
        content = as_photograph(self.content)
        return result_sizes(config, content.picture, content.described), self.begins


def as_photograph(source: Source) -> Photograph:
    """The source itself if it is a `Photograph`, else the photograph read from it."""
    return source if isinstance(source, Photograph) else read_photograph(source)
