"""One level of a coarse-to-fine transfer: pictures of one size optimized together, each with its own account."""

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
from nst_engine.transfer.optimization_loop import Steps
from nst_engine.transfer.pair_run import Lane, due
from nst_engine.transfer.result import Record
from nst_engine.transfer.run_control import Journal, spending
from nst_engine.transfer.shared_state import Workbench, to_picture, to_pixels
from nst_engine.types import Picture, Tensor

_MOST_STEPS_A_CALL = 50
"""So that a run without records can still be interrupted."""

Result = TypeVar("Result")


class Level:
    """Pictures of one size, optimized together.

    Args:
        bench: what to work with.
        lanes: the pairs, of one configuration; their pictures are brought to the size.
        size: width and height in pixels.
        tile: side of the tiles to begin with; None is whole.
    """

    def __init__(self, bench: Workbench, lanes: Sequence[Lane], size: tuple[int, int], tile: int | None) -> None:
        self._bench, self._lanes, self._size, self._tile = bench, lanes, size, tile
        self._config = lanes[0].config
        self._lent = ExitStack()  # the descent, until the level ends, however it does
        with spending([lane.journal for lane in lanes], "prepare"):
            for lane in lanes:
                lane.journal.begin_level(max(size))
                lane.picture = resize(lane.picture, *size)
            self._within_memory(self._set_up)

    @property
    def tile(self) -> int | None:
        """Side of the tiles that the pictures are taken in now; None is whole."""
        return self._tile

    def run(self, level: int, done: int) -> Iterator[tuple[int, Record]]:
        """Take the steps after so many; yields the records that are kept, each with its picture's index.

        Those who watch a pair are shown it each time that the device has given it back, as one of the level of that
        index.
        """
        with self._lent:
            while active := [index for index, lane in enumerate(self._lanes) if lane.goes_on(done)]:
                steps = self._steps_after(done)
                with spending(self._journals(active), "optimize"):
                    taken = self._within_memory(partial(self._advance, done, steps, active))
                for index in active:
                    record = self._account(index, taken)
                    if record is not None and (record.step == 0 or due(done, self._config.record_every)):
                        yield index, self._lanes[index].journal.keep(record)
                self._change_optimizers()
                done += steps
                for index in active:
                    if self._lanes[index].error is None:
                        self._lanes[index].show(level, done)
            with spending(self._journals(range(len(self._lanes))), "optimize"):
                for index in range(len(self._lanes)):
                    self._settle(index)

    def terms(self, index: int, picture: Picture) -> npt.NDArray[np.float32]:
        """The loss terms [content, style, tv, total] of a picture of this size, compared with that lane's targets."""
        self._lanes[index].journal.evaluations += 1
        pixels = to_pixels(picture)
        return self._within_memory(lambda: self._terms(index, pixels))

    def _terms(self, index: int, pixels: Tensor) -> npt.NDArray[np.float32]:
        reader = self._bench.reader(self._size, self._tile)
        terms: npt.NDArray[np.float32] = reader.terms(pixels, self._targets[index]).numpy()
        return terms

    def _journals(self, indices: Sequence[int]) -> list[Journal]:
        return [self._lanes[index].journal for index in indices]

    def _set_up(self) -> None:
        """Targets and a traced graph for the pictures as they stand, in the tiles and with the optimizers of now."""
        self._targets = [self._bench.targets(lane, self._size, self._tile) for lane in self._lanes]
        self._optimizers = self._wanted_optimizers()
        self._descent = self._lent.enter_context(
            self._bench.descent(self._size, self._optimizers, self._tile, tuple(self._targets))
        )
        for index, lane in enumerate(self._lanes):
            lane.tile = self._tile
            self._start(index)

    def _start(self, index: int) -> None:
        lane = self._lanes[index]
        self._descent.start(index, to_pixels(lane.picture), lane.journal.loss_scale)

    def _steps_after(self, done: int) -> int:
        """Steps to the end of the level, or to the next record or snapshot."""
        marks = [every - done % every for every in (self._config.record_every, self._config.snapshot_every) if every]
        return min(self._config.iterations - done, _MOST_STEPS_A_CALL, *marks)

    def _advance(self, done: int, steps: int, active: Sequence[int]) -> Steps:
        if self._config.balance is not None and done > 0:
            self._rebalance(self._config.balance, active)
        on = [index in active for index in range(len(self._lanes))]
        taken = self._descent.advance(self._rates(done, steps), on, tuple(self._targets))
        for index in active:
            self._lanes[index].picture = to_picture(self._descent.pixels(index))
        return taken

    def _rates(self, done: int, steps: int) -> npt.NDArray[np.float32]:
        """The learning rates of the steps after so many, [steps, pictures]."""
        schedule, iterations = SCHEDULES[self._config.schedule], self._config.iterations
        factors = [schedule(step / iterations) for step in range(done, done + steps)]
        return np.outer(factors, [lane.journal.rate for lane in self._lanes]).astype(np.float32)

    def _rebalance(self, wanted: float, active: Sequence[int]) -> None:
        """Measure the gradients; where they are out of balance, change the weights and begin anew with them."""
        norms = self._descent.gradient_norms(tuple(self._targets))
        for index in active:
            journal = self._lanes[index].journal
            journal.evaluations += 2
            journal.balance = gradient_ratio(*map(float, norms[index]))
            weights = balanced(journal.weights, self._config.loss_weights, journal.balance, wanted)
            if weights != journal.weights:
                journal.weights = weights
                journal.begin_anew()
                self._targets[index] = self._targets[index]._replace(weights=tf.constant(weights, tf.float32))
                self._start(index)

    def _account(self, index: int, taken: Steps) -> Record | None:
        """Note the steps in a lane's journal; returns the record of the picture before them unless the lane fails."""
        lane, journal = self._lanes[index], self._lanes[index].journal
        try:
            record = journal.record(taken.terms[0, index])
            diverged = journal.diverged(taken.terms[:, index, 3], taken.sound[:, index])
        except TransferError as error:
            lane.error = error
            return None
        journal.steps += len(taken.terms)
        journal.evaluations += taken.evaluations
        journal.loss_scale = float(taken.scales[-1, index])
        if diverged:
            self._retreat(index)
        return record

    def _wanted_optimizers(self) -> tuple[str, ...]:
        return tuple(lane.journal.optimizer for lane in self._lanes)

    def _change_optimizers(self) -> None:
        """Where a lane's optimizer gives way to another, all begin anew, each at its best."""
        if self._wanted_optimizers() != self._optimizers:
            for index in range(len(self._lanes)):
                self._retreat(index)
            self._lent.close()
            self._within_memory(self._set_up)

    def _retreat(self, index: int) -> None:
        self._descent.retreat(index)
        self._lanes[index].picture = to_picture(self._descent.pixels(index))

    def _settle(self, index: int) -> None:
        """Make the best of a lane's candidates its picture."""
        with tf.device(self._bench.device):
            candidates = self._descent.candidates(index)
        if len(candidates) > 1 and self._lanes[index].error is None:
            pictures = [to_picture(pixels) for pixels in candidates]
            totals = [self.terms(index, picture)[3] for picture in pictures]
            self._lanes[index].picture = pictures[int(np.nanargmin(totals))]

    def _within_memory(self, work: Callable[[], Result]) -> Result:
        """The result of work; where memory runs out for one picture, of the same work in smaller tiles.

        Raises:
            TransferError: no tile is small enough, or what XLA is to compile fails.
            tf.errors.ResourceExhaustedError: there are several pictures.
        """
        while True:
            try:
                with tf.device(self._bench.device):
                    return work()
            except tf.errors.ResourceExhaustedError:
                if len(self._lanes) > 1:
                    raise
            except tf.errors.OpError as error:
                if not self._bench.compiles(self._size, self._tile):
                    raise
                reason = reason_of(error)
                raise TransferError(f"XLA failed on {self._bench.device}: {reason}; use jit=off") from error
            self._step_down()  # here, for the error holds on to what was at work when memory ran out

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
            del self._targets, self._descent
        self._bench.forget()
        self._tile = smaller
        self._lanes[0].journal.turn(f"memory ran out, went on in tiles of {smaller} pixels")
        self._within_memory(self._set_up)
