"""One level of a coarse-to-fine transfer: pictures of one size optimized together, each with its own control."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nst_engine.errors import TransferError
from nst_engine.evaluation.tile_choice import smaller_tile
from nst_engine.hardware.graphs import reason_of
from nst_engine.images import resize
from nst_engine.losses.balance import balanced, gradient_ratio
from nst_engine.optimizers.schedules import SCHEDULES
from nst_engine.registry.losses import TOTAL
from nst_engine.transfer.optimization_loop import Steps
from nst_engine.transfer.pair_run import PairRun, due
from nst_engine.transfer.result import Record
from nst_engine.transfer.run_control import RunControl, spending
from nst_engine.transfer.shared_state import SharedState, to_picture, to_pixels
from nst_engine.types import Picture, Tensor

_MOST_STEPS_A_CALL = 50
"""Most steps in one call, so that a transfer without records can be interrupted."""

Result = TypeVar("Result")


class LevelRun:
    """Pictures of one size, optimized together.

    Args:
        shared: network, objective and caches.
        runs: the pairs, of one configuration; their pictures are resized to `size`.
        size: width and height in pixels.
        tile: side of the tiles to begin with; None is whole.
    """

    def __init__(self, shared: SharedState, runs: Sequence[PairRun], size: tuple[int, int], tile: int | None) -> None:
        self._shared, self._runs, self._size, self._tile = shared, runs, size, tile
        self._config = runs[0].config
        self._lent = ExitStack()  # returns the loop, however the level ends
        with spending([run.control for run in runs], "prepare"):
            for run in runs:
                run.control.begin_level(max(size))
                run.picture = resize(run.picture, *size)
            self._within_memory(self._set_up)

    @property
    def tile(self) -> int | None:
        """Side of the tiles that the pictures are taken in now; None is whole."""
        return self._tile

    def run(self, level: int, done: int) -> Iterator[tuple[int, Record]]:
        """Take the steps after the first `done`; yields the kept records, each with its picture's index.

        The pairs' callbacks are called each time that the device returns the pictures; `level` is the level's index.
        """
        with self._lent:
            while active := [index for index, run in enumerate(self._runs) if run.goes_on(done)]:
                steps = self._steps_after(done)
                with spending(self._controls(active), "optimize"):
                    taken = self._within_memory(partial(self._advance, done, steps, active))
                for index in active:
                    record = self._account(index, taken)
                    if record is not None and (record.step == 0 or due(done, self._config.record_every)):
                        yield index, self._runs[index].control.keep(record)
                self._change_optimizers()
                done += steps
                for index in active:
                    if self._runs[index].error is None:
                        self._runs[index].show(level, done)
            with spending(self._controls(range(len(self._runs))), "optimize"):
                for index in range(len(self._runs)):
                    self._settle(index)

    def terms(self, index: int, picture: Picture) -> npt.NDArray[np.float32]:
        """The losses `LOSS_NAMES` of a picture of this size, compared with that run's targets."""
        self._runs[index].control.evaluations += 1
        pixels = to_pixels(picture)
        return self._within_memory(lambda: self._terms(index, pixels))

    def _terms(self, index: int, pixels: Tensor) -> npt.NDArray[np.float32]:
        reader = self._shared.reader(self._size, self._tile)
        terms: npt.NDArray[np.float32] = reader.terms(pixels, self._targets[index]).numpy()
        return terms

    def _controls(self, indices: Sequence[int]) -> list[RunControl]:
        return [self._runs[index].control for index in indices]

    def _set_up(self) -> None:
        """Make targets and borrow a loop for the current pictures, tiles and optimizers."""
        self._targets = [self._shared.targets(run, self._size, self._tile) for run in self._runs]
        self._optimizers = self._wanted_optimizers()
        self._loop = self._lent.enter_context(
            self._shared.loop(self._size, self._optimizers, self._tile, tuple(self._targets))
        )
        for index, run in enumerate(self._runs):
            run.tile = self._tile
            self._start(index)

    def _start(self, index: int) -> None:
        run = self._runs[index]
        self._loop.start(index, to_pixels(run.picture), run.control.loss_scale)

    def _steps_after(self, done: int) -> int:
        """Steps to the end of the level, or to the next record or snapshot."""
        marks = [every - done % every for every in (self._config.record_every, self._config.snapshot_every) if every]
        return min(self._config.steps - done, _MOST_STEPS_A_CALL, *marks)

    def _advance(self, done: int, steps: int, active: Sequence[int]) -> Steps:
        if self._config.balance is not None and done > 0:
            self._rebalance(self._config.balance, active)
        on = [index in active for index in range(len(self._runs))]
        taken = self._loop.advance(self._rates(done, steps), on, tuple(self._targets))
        for index in active:
            self._runs[index].picture = to_picture(self._loop.pixels(index))
        return taken

    def _rates(self, done: int, steps: int) -> npt.NDArray[np.float32]:
        """The learning rates of the `steps` steps after the first `done`, [steps, pictures]."""
        schedule, iterations = SCHEDULES[self._config.schedule], self._config.steps
        factors = [schedule(step / iterations) for step in range(done, done + steps)]
        return np.outer(factors, [run.control.rate for run in self._runs]).astype(np.float32)

    def _rebalance(self, wanted: float, active: Sequence[int]) -> None:
        """Measure the gradients; where they are out of balance, change the weights and begin anew with them."""
        norms = self._loop.gradient_norms(tuple(self._targets))
        for index in active:
            control = self._runs[index].control
            control.evaluations += 2
            control.balance = gradient_ratio(*map(float, norms[index]))
            weights = balanced(control.weights, self._config.loss_weights, control.balance, wanted)
            if weights != control.weights:
                control.weights = weights
                control.begin_anew()
                self._targets[index] = self._targets[index]._replace(weights=tf.constant(weights, tf.float32))
                self._start(index)

    def _account(self, index: int, taken: Steps) -> Record | None:
        """Enter the steps into a run's control; return the record of the picture before them, or None if it fails."""
        run, control = self._runs[index], self._runs[index].control
        try:
            record = control.record(taken.terms[0, index])
            diverged = control.diverged(taken.terms[:, index, TOTAL], taken.sound[:, index])
        except TransferError as error:
            run.error = error
            return None
        control.steps += len(taken.terms)
        control.evaluations += taken.evaluations
        control.loss_scale = float(taken.scales[-1, index])
        if diverged:
            self._retreat(index)
        return record

    def _wanted_optimizers(self) -> tuple[str, ...]:
        return tuple(run.control.optimizer for run in self._runs)

    def _change_optimizers(self) -> None:
        """Where a run's optimizer gives way to another, all begin anew, each at its best."""
        if self._wanted_optimizers() != self._optimizers:
            for index in range(len(self._runs)):
                self._retreat(index)
            self._lent.close()
            self._within_memory(self._set_up)

    def _retreat(self, index: int) -> None:
        self._loop.retreat(index)
        self._runs[index].picture = to_picture(self._loop.pixels(index))

    def _settle(self, index: int) -> None:
        """Make the best of a run's candidates its picture."""
        with tf.device(self._shared.device):
            candidates = self._loop.candidates(index)
        if len(candidates) > 1 and self._runs[index].error is None:
            pictures = [to_picture(pixels) for pixels in candidates]
            totals = [self.terms(index, picture)[TOTAL] for picture in pictures]
            self._runs[index].picture = pictures[int(np.nanargmin(totals))]

    def _within_memory(self, work: Callable[[], Result]) -> Result:
        """The result of `work`; if memory runs out for a single picture, do it again in smaller tiles.

        Raises:
            TransferError: no tile is small enough, or XLA fails.
            tf.errors.ResourceExhaustedError: there are several pictures.
        """
        while True:
            try:
                with tf.device(self._shared.device):
                    return work()
            except tf.errors.ResourceExhaustedError:
                if len(self._runs) > 1:
                    raise
            except tf.errors.OpError as error:
                if not self._shared.compiles(self._size, self._tile):
                    raise
                reason = reason_of(error)
                raise TransferError(f"XLA failed on {self._shared.device}: {reason}; use jit=off") from error
            self._step_down()  # not in the handler: the error keeps the failed work's memory

    def _step_down(self) -> None:
        """Set the picture up again in smaller tiles, after all else is given back."""
        smaller = None if self._config.deterministic else smaller_tile(self._config, self._size, self._tile)
        if smaller is None:
            width, height = self._size
            raise TransferError(
                f"memory ran out for {width}x{height} pixels, taken "
                f"{'whole' if self._tile is None else f'in tiles of {self._tile}'}; "
                "use a smaller side or tile, or free memory"
            )
        self._lent.close()
        with suppress(AttributeError):  # memory ran out before there were any
            del self._targets, self._loop
        self._shared.forget()
        self._tile = smaller
        self._runs[0].control.turn(f"memory ran out, went on in tiles of {smaller} pixels")
        self._within_memory(self._set_up)
