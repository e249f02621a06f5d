"""Memory that runs out where a test wants it to, and what still holds some."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.transfer.optimization_loop import OptimizationLoop


def run_out(monkeypatch: pytest.MonkeyPatch, when: Callable[[int, int], bool]) -> None:
    """Makes memory run out in steps on the device.

    Args:
        monkeypatch: of the test.
        when: whether it does, given how many times steps were asked for before, and for how many pictures now.
    """
    advance, calls = OptimizationLoop.advance, 0

    def exhausted(self: OptimizationLoop, rates: npt.NDArray[np.float32], active: list[bool], targets: Any) -> Any:
        nonlocal calls
        calls += 1
        if when(calls - 1, len(targets)):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return advance(self, rates, active, targets)

    monkeypatch.setattr(OptimizationLoop, "advance", exhausted)


def alive_before_each(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of the optimizations made from now on were still in memory whenever another was made."""
    make, made, alive = OptimizationLoop.__init__, list[weakref.ref[OptimizationLoop]](), list[int]()

    def watched(self: OptimizationLoop, *arguments: Any) -> None:
        alive.append(sum(loop() is not None for loop in made))
        make(self, *arguments)
        made.append(weakref.ref(self))

    monkeypatch.setattr(OptimizationLoop, "__init__", watched)
    return alive
