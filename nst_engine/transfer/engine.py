"""`StyleTransfer`: pictures in, pictures out."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from copy import copy
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig
from nst_engine.errors import ImageError, NightbrushError, TransferError
from nst_engine.evaluation.tile_choice import choose_tile, pictures_together, smaller_of
from nst_engine.hardware.devices import resolve_device, resolve_precision
from nst_engine.hardware.memory import available_bytes
from nst_engine.transfer.checkpoint import Checkpoint
from nst_engine.transfer.level import LevelRun
from nst_engine.transfer.pair import Kind, OnCheckpoint, OnSnapshot, Pair, Source, as_photograph
from nst_engine.transfer.pair_run import PairRun
from nst_engine.transfer.result import LossTerms, Record, TransferResult
from nst_engine.transfer.run_control import spending
from nst_engine.transfer.shared_state import SharedState, to_pixels
from nst_engine.types import Picture

Outcome: TypeAlias = TransferResult | Exception
"""The result of a pair, or the error that ended it."""


class StyleTransfer:
    """A style-transfer engine: one configuration on one device, any number of pictures.

    The network is loaded once, a style's targets are computed once per style and size, and one graph is traced for
    pictures of all sizes; with tiles, Keras's optimizers or XLA, one graph for each size. Transfers that overlap, in
    threads or as generators, do not disturb each other: each has its own graph, and takes its own memory.

    Args:
        config: what a transfer does.
        device: `cpu`, `gpu`, `gpu:1`; None is the best device.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the backbone's weights are absent, damaged or do not fit.
    """

    def __init__(self, config: TransferConfig, device: str | None = None) -> None:
        self.config = config
        self.device = resolve_device(device)
        self.precision = resolve_precision(config, self.device)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        weights = find_weights(config)
        self.weights_sha256 = weights.sha256
        with tf.device(self.device):
            self._shared = SharedState(config.computation, weights, self.precision, self.device)

    @property
    def shared(self) -> SharedState:
        """The network, the objective and the styles' targets, from which a painter learns too."""
        return self._shared

    def with_config(self, config: TransferConfig) -> "StyleTransfer":
        """An engine of another configuration on the same device.

        If both compute losses in the same way (`TransferConfig.computation`), they share the network, the styles'
        targets and the graphs: nothing is loaded or traced again.

        Raises:
            WeightsError: the backbone's weights are absent, damaged or do not fit.
        """
        if config.computation != self.config.computation:
            return StyleTransfer(config, self.device)
        engine = copy(self)
        engine.config = config
        return engine

    def run(
        self,
        content: Source,
        style: Source,
        on_record: Callable[[Record], Any] | None = None,
        on_snapshot: OnSnapshot | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: Checkpoint | None = None,
        painted: Picture | None = None,
    ) -> TransferResult:
        """Stylize one picture.

        The result takes over the content's transparency and its ICC profile.

        Args:
            content: a path, a file's bytes, a Pillow image, an array [height, width, 3], uint8 or float in [0, 1], or
                the result of `nst_engine.images.read_photograph`.
            style: the same kinds.
            on_record: called with each record as it is made.
            on_snapshot: called with the steps taken and the picture, [height, width, 3], float32, sRGB in [0, 1], every
                `snapshot_every` steps of a level.
            on_checkpoint: called with a checkpoint each time that the device returns the picture: at records and
                snapshots, and every 50 steps at the latest.
            resume: checkpoint of a transfer of the same pictures with the same configuration, to go on from; the stop
                reason says so.
            painted: what a painter made of the content, with `method="paint"`: it is refined, and its losses are
                evaluated.

        Raises:
            ImageError: a picture cannot be read.
            TransferError: the loss is not finite, memory does not suffice, or what XLA compiles fails.
        """
        with closing(self.records(content, style, on_snapshot, on_checkpoint, resume, painted)) as records:
            while True:
                try:
                    record = next(records)
                except StopIteration as stop:
                    result: TransferResult = stop.value
                    return result
                if on_record is not None:
                    on_record(record)

    def records(
        self,
        content: Source,
        style: Source,
        on_snapshot: OnSnapshot | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: Checkpoint | None = None,
        painted: Picture | None = None,
    ) -> Generator[Record, None, TransferResult]:
        """Stylize one picture, yielding a record before any step, every `record_every` steps, and after the last.

        The generator's return value is the result. Arguments and errors are those of `run`.
        """
        run = self._pair_run(Pair(content, style, on_snapshot, on_checkpoint, resume, painted))
        for _, record in self._optimized([run]):
            yield record
        if run.error is not None:
            raise run.error
        return self._result(run)

    def run_batch(
        self, pairs: Sequence[tuple[Source, Source] | Pair], on_record: Callable[[int, Record], Any] | None = None
    ) -> list[Outcome]:
        """Stylize several pictures; pictures of one size are optimized together, in one device step for all.

        Each has its own losses, goes back to its best picture and stops on its own. This is faster where one picture
        leaves the device idle: for small sides, and on a GPU. As many are taken together as the memory is estimated to
        hold; if it runs out, they start again in halves. Resumed pairs are taken together if their checkpoints are at
        the same step of the same level.

        Args:
            pairs: contents and styles, as for `run`, or `Pair`s with callbacks; an error that a callback raises ends
                its pair.
            on_record: called with the index of a pair and each of its records as it is made.

        Returns:
            In the order of the pairs, the result of each, or the error that `run` would have raised.
        """
        asked = [Pair(*pair) for pair in pairs]
        outcomes: dict[int, Outcome] = {}
        kinds: dict[Kind, list[int]] = {}
        for index, pair in enumerate(asked):
            try:
                kinds.setdefault(pair.kind(self.config), []).append(index)
            except NightbrushError as error:
                outcomes[index] = error
        for (sizes, _), indices in kinds.items():
            room = None if self.config.deterministic else available_bytes(self.device)
            most = pictures_together(self.config, self._shared.network, sizes[-1], room)
            for start in range(0, len(indices), most):
                outcomes |= self._together(asked, indices[start : start + most], on_record)
        return [outcomes[index] for index in range(len(asked))]

    def evaluate(self, image: Source, content: Source, style: Source) -> LossTerms:
        """The loss terms of any picture, without optimizing; the total is weighed as the configuration says.

        Args:
            image: the picture; its size must be that of the content's result.
            content: as for `run`.
            style: as for `run`.

        Raises:
            ImageError: a picture cannot be read, or `image` has another size than the result would have.
        """
        picture = as_photograph(image).over_white()
        run = self._pair_run(Pair(content, style, painted=picture))
        size = run.sizes[-1]
        if picture.shape[1::-1] != size:
            raise ImageError(f"the picture is {picture.shape[1]}x{picture.shape[0]} pixels; use {size[0]}x{size[1]}")
        return LossTerms.from_vector(self._terms(run, picture))

    def _terms(self, run: PairRun, picture: Picture) -> npt.NDArray[np.float32]:
        """The losses `LOSS_NAMES` of a picture of the size of the pair's result."""
        size = run.sizes[-1]
        with tf.device(self.device):
            tile = self._tile(size)
            targets = self._shared.targets(run, size, tile)
            terms: npt.NDArray[np.float32] = self._shared.reader(size, tile).terms(to_pixels(picture), targets).numpy()
        return terms

    def _pair_run(self, pair: Pair) -> PairRun:
        return PairRun(self.config, pair, self.precision.loss_scale)

    def _tile(self, size: tuple[int, int]) -> int | None:
        """Side of the tiles that one picture of that width and height is to be taken in; None is whole."""
        if self.config.tile is None and not self.config.deterministic:
            return choose_tile(self.config, self._shared.network, size, self.device)
        return None if self.config.tile is None or self.config.tile >= max(size) else self.config.tile

    def _optimized(self, runs: Sequence[PairRun]) -> Iterator[tuple[int, Record]]:
        """Take pairs of one kind through all levels; yields the records that are kept, each with its pair's index."""
        if not self.config.steps:
            yield from self._unrefined(runs)
            return
        tile = None
        first, done = runs[0].pair.begins
        for index, size in enumerate(runs[0].sizes[first:], first):
            if all(run.error for run in runs):
                return
            level = LevelRun(self._shared, runs, size, smaller_of(tile, self._tile(size)))
            yield from level.run(index, done)
            tile, done = level.tile, 0
            if size == runs[0].sizes[-1]:
                yield from self._finished(level, runs)
            del level  # its memory is the next one's

    def _unrefined(self, runs: Sequence[PairRun]) -> Iterator[tuple[int, Record]]:
        """Record the losses of pictures that are painted, and not optimized."""
        for index, run in enumerate(runs):
            run.control.begin_level(max(run.sizes[-1]))
            run.control.goes_on(0)
            run.picture = run.finished(run.picture)
            with spending([run.control], "optimize"):
                terms = self._terms(run, run.picture)
            run.control.evaluations += 1
            try:
                yield index, run.control.keep(run.control.record(terms))
            except TransferError as error:
                run.error = error

    def _finished(self, level: LevelRun, runs: Sequence[PairRun]) -> Iterator[tuple[int, Record]]:
        """Record the last losses, those of the final pictures."""
        for index, run in enumerate(runs):
            if run.error is None:
                run.picture = run.finished(run.picture)
                with spending([run.control], "optimize"):
                    terms = level.terms(index, run.picture)
                try:
                    record = run.control.record(terms)
                except TransferError as error:
                    run.error = error
                else:
                    yield index, run.control.keep(record)

    def _together(
        self,
        pairs: Sequence[Pair],
        indices: Sequence[int],
        on_record: Callable[[int, Record], Any] | None,
    ) -> dict[int, Outcome]:
        """The outcomes of pairs of one kind, by index."""
        runs: dict[int, PairRun] = {}
        outcomes: dict[int, Outcome] = {}
        for index in indices:
            try:
                runs[index] = self._pair_run(pairs[index])
            except NightbrushError as error:
                outcomes[index] = error
        positions = [*runs]
        try:
            for position, record in self._optimized([*runs.values()]) if runs else ():
                if on_record is not None:
                    on_record(positions[position], record)
        except TransferError as error:  # no tile is small enough for one picture alone, or XLA fails
            return outcomes | dict.fromkeys(runs, error)
        except tf.errors.ResourceExhaustedError:
            halves = positions[: len(runs) // 2], positions[len(runs) // 2 :]
        else:
            return outcomes | {index: run.error or self._result(run) for index, run in runs.items()}
        self._shared.forget()
        for half in halves:
            outcomes |= self._together(pairs, half, on_record)
        return outcomes

    def _result(self, run: PairRun) -> TransferResult:
        return run.result(self.precision.name, self.device, self.weights_sha256)
