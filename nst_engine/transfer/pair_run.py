"""The state of one pair's transfer from coarse to fine: its pictures, its progress and its control."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

import numpy as np

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError
from nst_engine.evaluation.masks import Mask, mask_for
from nst_engine.hardware.devices import peak_memory_mb
from nst_engine.images import read_photograph, require_aspect, resize
from nst_engine.images.color import recolored, with_colors_of
from nst_engine.images.reading import Origin
from nst_engine.transfer.checkpoint import Checkpoint
from nst_engine.transfer.pair import Pair, as_photograph
from nst_engine.transfer.result import TransferResult
from nst_engine.transfer.run_control import RunControl, spending
from nst_engine.transfer.sizes import require_seen, result_sizes, small_style_notes, style_size
from nst_engine.transfer.start_picture import initial_picture
from nst_engine.types import Picture


class Style(NamedTuple):
    """A style, prepared for a transfer.

    Attributes:
        picture: the picture, recoloured if the configuration says so.
        mask: the part of the picture that is used, [height, width]; None is all.
        key: hash of both.
    """

    picture: Picture
    mask: Mask | None
    key: str


class PairRun:
    """The state of one pair's transfer.

    Args:
        config: the configuration of the transfer.
        pair: the pictures, the callbacks, and the checkpoint to resume.
        loss_scale: initial factor on the loss.

    Attributes:
        config: as given.
        pair: as given.
        control: counts steps and time, and decides when the transfer ends.
        photograph: the content as it was read.
        content: the content's picture, laid over white.
        styles: the pair's style and the styles of the blend.
        masks: where in the content each style paints, at the content's size; None is everywhere.
        sizes: width and height at each level, coarse to fine.
        origins, notes: of the pictures, as in `TransferResult`.
        picture: the current picture.
        tile: side of the tiles used last; None is whole.
        error: what ended the transfer early, or None.

    Raises:
        ImageError: a picture cannot be read, or does not fit the others.
        ConfigError: the picture is to be painted, and is not.
    """

    def __init__(self, config: TransferConfig, pair: Pair, loss_scale: float) -> None:
        self.pair = pair
        self.control = RunControl(config, loss_scale)
        self.tile: int | None = None
        self.error: Exception | None = None
        self.config = config
        with spending([self.control], "prepare"):
            self._read(pair)
        if pair.resume is not None:
            self.picture = pair.resume.picture
            self.control.resume(pair.resume.account)

    def goes_on(self, done: int) -> bool:
        """True if the level goes on after `done` steps."""
        return self.error is None and self.control.goes_on(done)

    def show(self, level: int, done: int) -> None:
        """Call the pair's callbacks after `done` steps of a level; an error that one raises ends the pair."""
        pair = self.pair
        try:
            if pair.on_snapshot is not None and due(done, self.config.snapshot_every):
                pair.on_snapshot(self.control.steps, self.finished(self.picture))
            if pair.on_checkpoint is not None:
                account = self.control.account()
                pair.on_checkpoint(Checkpoint(level=level, done=done, picture=self.picture, account=account))
        except Exception as error:  # whatever a callback raises, the other pairs go on
            self.error = error

    def finished(self, picture: Picture) -> Picture:
        """The final form of a picture: with the content's colours if `preserve_color` is `luminance`."""
        if self.config.preserve_color != "luminance":
            return picture
        height, width, _ = picture.shape
        return with_colors_of(picture, resize(self.content, width, height))

    def result(self, precision: str, device: str, weights_sha256: str) -> TransferResult:
        """The result of the transfer, with the precision, device and hash of weights that made it."""
        control, alpha = self.control, self.photograph.alpha
        height, width, _ = self.picture.shape
        return TransferResult(
            image=self.picture,
            alpha=None if alpha is None else resize(np.dstack([alpha] * 3), width, height)[..., 0],
            icc=self.photograph.icc,
            losses=control.history[-1].losses,
            history=tuple(control.history),
            status=control.status,
            stop_reason=control.stop_reason,
            iterations=control.steps,
            evaluations=control.evaluations,
            timings=control.timings,
            config=self.config,
            precision=precision,
            tile=self.tile,
            origins=self.origins,
            device=device,
            weights_sha256=weights_sha256,
            peak_memory_mb=peak_memory_mb(device),
            notes=self.notes,
        )

    def _read(self, pair: Pair) -> None:
        config = self.config
        files = {path: read_photograph(path) for path in config.files}
        self.photograph, own_style = as_photograph(pair.content), as_photograph(pair.style)
        self.content = self.photograph.over_white()
        read = {path: photograph.over_white() for path, photograph in files.items()}
        self.sizes = result_sizes(config, self.content, self.photograph.described)
        styles = (own_style, *(files[path] for path in config.blended))
        for style in styles:
            height, width, _ = style.picture.shape
            require_seen(config, width, height, style.described)
        pictures = [
            self._colored(style) for style in (own_style.over_white(), *(read[path] for path in config.blended))
        ]
        style_masks = _masks(config.style_masks, pictures, read) or (None,) * len(pictures)
        self.styles = tuple(
            Style(picture, mask, _key(picture, mask)) for picture, mask in zip(pictures, style_masks, strict=True)
        )
        self.masks = _masks(config.content_masks, [self.content] * len(pictures), read)
        self.picture = self._first_picture(pictures[0], read)
        all_read = {"content": self.photograph, "style": own_style} | files
        self.origins: dict[str, Origin | None] = {role: photograph.origin for role, photograph in all_read.items()}
        small = [small_style_notes(config, style.picture, max(self.sizes[-1]), style.described) for style in styles]
        notes = (*(photograph.notes for photograph in all_read.values()), *small)
        self.notes = tuple(dict.fromkeys(chain.from_iterable(notes)))

    def _first_picture(self, style: Picture, read: Mapping[str, Picture]) -> Picture:
        """What is painted, or what the configuration says."""
        if self.config.method != "paint":
            return initial_picture(self.config, self.content, style, read, self.sizes[0])
        if self.pair.painted is None:
            raise ConfigError("method='paint' needs a painter; have Painter.paint make the picture that is `painted`")
        require_aspect("what is painted", self.pair.painted, *self.sizes[0])
        return resize(self.pair.painted, *self.sizes[0])

    def _colored(self, style: Picture) -> Picture:
        """The style, in the content's colours if the configuration says so: then both as large as they are needed."""
        width, height = self.sizes[-1]
        match self.config.preserve_color:
            case "histogram" | "coral" as mode:
                wide = self.config.replace(
                    style_scale=max(1.0, self.config.style_scale)
                )  # it may be what is begun with
                style = resize(style, *style_size(wide, style, max(width, height)))
                return recolored(style, self._reduced_content(), mode)
            case _:
                return style

    def _reduced_content(self) -> Picture:
        """The content at the size of the result, unless that is larger."""
        width, height = self.sizes[-1]
        return self.content if width > self.content.shape[1] else resize(self.content, width, height)


def due(done: int, every: int) -> bool:
    """True if `done` is a multiple of `every`; never if `every` is 0."""
    return every > 0 and done % every == 0


def _key(picture: Picture, mask: Mask | None) -> str:
    return sha256(picture.tobytes() + (b"" if mask is None else mask.tobytes())).hexdigest()


def _masks(
    paths: tuple[str, ...] | None, masked: Sequence[Picture], read: dict[str, Picture]
) -> tuple[Mask, ...] | None:
    if paths is None:
        return None
    return tuple(mask_for(picture, read[path], path) for path, picture in zip(paths, masked, strict=True))
