"""`StyleTransfer`: prepare, step, finish."""

from collections.abc import Callable, Generator
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from nst_engine.backbones.network import Network
from nst_engine.color import recolored, with_colors_of
from nst_engine.config import TransferConfig
from nst_engine.descent import Descent
from nst_engine.devices import peak_memory_mb, resolve_device, resolve_precision
from nst_engine.errors import ImageError
from nst_engine.images import Photograph, read_photograph, resize, size_within
from nst_engine.initial import initial_picture
from nst_engine.journal import Journal
from nst_engine.losses.objective import Features, Objective, Targets
from nst_engine.pyramid import require_seen, result_sizes
from nst_engine.recent import Recent
from nst_engine.result import LossTerms, Record, TransferResult
from nst_engine.types import Picture, PictureSource, Tensor
from nst_engine.weights import find_weights

Source: TypeAlias = PictureSource | Photograph
"""Whatever a picture can be read from, or has been."""

_SHAPES_KEPT = 12
"""Traced graphs that an engine keeps."""

_STYLES_KEPT = 64
"""Style targets that an engine keeps, about 3 MB each."""


class StyleTransfer:
    """A style-transfer engine: one configuration on one device, any number of pictures.

    The network is loaded once, a style's targets are computed once per style and size, a graph is traced once
    per shape. One transfer at a time: an engine shared by threads needs a lock around each.

    Args:
        config: what a transfer does.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """

    def __init__(self, config: TransferConfig, device: str | None = None) -> None:
        self.config = config
        self.device = resolve_device(device)
        self.precision = resolve_precision(config.precision, self.device)
        weights = find_weights(config)
        self.weights_sha256 = weights.sha256
        self._objective = Objective(config)
        with tf.device(self.device):
            self._network = Network(config, weights, self.precision, self._objective.layers)
        self._content_targets = tf.function(self._trace_content_targets, reduce_retracing=True)
        self._style_targets = tf.function(self._trace_style_targets, reduce_retracing=True)
        self._terms = tf.function(self._trace_terms, reduce_retracing=True)
        self._descents: Recent[tuple[int, int], Descent] = Recent(_SHAPES_KEPT)
        self._styles: Recent[tuple[str, int, int], dict[str, Any]] = Recent(_STYLES_KEPT)

    def run(self, content: Source, style: Source, on_record: Callable[[Record], Any] | None = None) -> TransferResult:
        """Stylize one picture.

        The result takes over the content's transparency and its ICC profile.

        Args:
            content: a path, a file's bytes, a Pillow image, an array [height, width, 3], uint8 or float in [0, 1], or
                what `nst_engine.images.read_photograph` made of one of these.
            style: likewise.
            on_record: called with each record as it is made.

        Raises:
            ImageError: a picture cannot be read.
            TransferError: the loss is not finite.
        """
        records = self.records(content, style)
        while True:
            try:
                record = next(records)
            except StopIteration as stop:
                result: TransferResult = stop.value
                return result
            if on_record is not None:
                on_record(record)

    def records(self, content: Source, style: Source) -> Generator[Record, None, TransferResult]:
        """Stylize one picture, yielding a record before any step, every `record_every` steps, and after the last.

        The generator's return value is the result. Arguments and errors are those of `run`.
        """
        journal = Journal(self.config)
        with journal.preparing(), tf.device(self.device):
            photograph = _photograph(content)
            content_picture, style_picture = self._pictures(photograph, style)
            sizes = result_sizes(self.config, content_picture)
            picture = initial_picture(self.config, content_picture, style_picture, sizes[0])
        for size in sizes:
            with journal.preparing(), tf.device(self.device):
                targets = self._targets(content_picture, style_picture, size)
                descent = self._descent(size, targets)
                descent.start(_to_pixels(resize(picture, *size)))
                journal.begin_level(max(size))
            for done, steps in journal.chunks():
                with journal.optimizing():
                    terms = descent.advance(done, steps, journal.rate, targets).numpy()
                record = journal.record(terms[0])
                if self.config.record_every or record.step == 0:
                    yield journal.keep(record)
                if journal.diverged(terms[:, 3]):
                    descent.retreat()
            picture = _to_picture(descent.pixels)
        if self.config.preserve_color == "luminance":
            picture = with_colors_of(picture, resize(content_picture, *sizes[-1]))
        with journal.optimizing(), tf.device(self.device):
            terms = self._terms(_to_pixels(picture), targets).numpy()
        yield journal.keep(journal.record(terms))
        return self._result(picture, photograph, journal)

    def evaluate(self, image: Source, content: Source, style: Source) -> LossTerms:
        """The loss terms of any picture, without optimizing.

        Args:
            image: the picture; its size must be that of the content's result.
            content: as for `run`.
            style: as for `run`.

        Raises:
            ImageError: a picture cannot be read, or `image` has another size than the result would have.
        """
        picture = _photograph(image).over_white()
        content_picture, style_picture = self._pictures(_photograph(content), style)
        size = result_sizes(self.config, content_picture)[-1]
        if picture.shape[1::-1] != size:
            raise ImageError(f"the picture is {picture.shape[1]}x{picture.shape[0]} pixels; use {size[0]}x{size[1]}")
        with tf.device(self.device):
            targets = self._targets(content_picture, style_picture, size)
            content_loss, style_loss, tv, total = self._terms(_to_pixels(picture), targets).numpy().tolist()
        return LossTerms(content=content_loss, style=style_loss, tv=tv, total=total)

    def _pictures(self, content: Photograph, style: Source) -> tuple[Picture, Picture]:
        """The content, and the style in the colours that it is to have."""
        pictures = content.over_white(), _photograph(style).over_white()
        match self.config.preserve_color:
            case "histogram" | "coral" as mode:
                return pictures[0], recolored(pictures[1], pictures[0], mode)
            case _:
                return pictures

    def _targets(self, content: Picture, style: Picture, size: tuple[int, int]) -> Targets:
        """Features of the content at that size, and Gram matrices of the style at that long side, never enlarged."""
        height, width, _ = style.shape
        style_size = size_within(width, height, min(max(width, height), max(size)))
        require_seen(self.config, *style_size)
        return Targets(
            content=self._content_targets(_to_pixels(resize(content, *size))),
            style=self._styles.get_or_make(
                (sha256(style.tobytes()).hexdigest(), *style_size),
                lambda: self._style_targets(_to_pixels(resize(style, *style_size))),
            ),
        )

    def _descent(self, size: tuple[int, int], targets: Targets) -> Descent:
        return self._descents.get_or_make(
            size, lambda: Descent(self._network, self._objective, self.config, self.precision, targets, size)
        )

    def _trace_content_targets(self, pixels: Tensor) -> Features:
        return self._objective.content_targets(self._network.features(pixels))

    def _trace_style_targets(self, pixels: Tensor) -> Features:
        return self._objective.style_targets(self._network.features(pixels))

    def _trace_terms(self, pixels: Tensor, targets: Targets) -> Tensor:
        statistics = self._objective.statistics(self._network.features(pixels), targets)
        return self._objective.terms(pixels, statistics, targets)

    def _result(self, picture: Picture, content: Photograph, journal: Journal) -> TransferResult:
        height, width, _ = picture.shape
        alpha = None if content.alpha is None else resize(np.dstack([content.alpha] * 3), width, height)[..., 0]
        return TransferResult(
            image=picture,
            alpha=alpha,
            icc=content.icc,
            losses=journal.history[-1].losses,
            history=tuple(journal.history),
            status=journal.status,
            stop_reason=journal.stop_reason,
            iterations=journal.steps,
            evaluations=journal.steps + 1,
            timings=journal.timings,
            config=self.config,
            precision=self.precision.name,
            device=self.device,
            weights_sha256=self.weights_sha256,
            peak_memory_mb=peak_memory_mb(self.device),
        )


def _photograph(source: Source) -> Photograph:
    return source if isinstance(source, Photograph) else read_photograph(source)


def _to_pixels(picture: Picture) -> Tensor:
    """[height, width, 3] in [0, 1] to [1, height, width, 3] in [0, 255]."""
    return tf.constant(picture[np.newaxis] * np.float32(255))


def _to_picture(pixels: Tensor) -> Picture:
    picture: Picture = pixels[0].numpy() / np.float32(255)
    return picture
