"""Memory that runs out where a test wants it to, and what still holds some."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nst_engine.transfer.optimization_loop import Descent


def run_out(monkeypatch: pytest.MonkeyPatch, when: Callable[[int, int], bool]) -> None:
    """Makes memory run out in steps on the device.

    Args:
        monkeypatch: of the test.
        when: whether it does, given how many times steps were asked for before, and for how many pictures now.
    """
    advance, calls = Descent.advance, 0

    def exhausted(self: Descent, rates: npt.NDArray[np.float32], active: list[bool], targets: Any) -> Any:
        nonlocal calls
        calls += 1
        if when(calls - 1, len(targets)):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return advance(self, rates, active, targets)

    monkeypatch.setattr(Descent, "advance", exhausted)


def alive_before_each(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of the optimizations made from now on were still in memory whenever another was made."""
    make, made, alive = Descent.__init__, list[weakref.ref[Descent]](), list[int]()

    def watched(self: Descent, *arguments: Any) -> None:
        alive.append(sum(descent() is not None for descent in made))
        make(self, *arguments)
        made.append(weakref.ref(self))

    monkeypatch.setattr(Descent, "__init__", watched)
    return alive
