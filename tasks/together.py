"""Pairs and devices: what waits for a device when it becomes free, and is alike, is taken together.

Each thread puts its pair down. Whose turn it is gets a device, takes along as many pairs of the same kind as wait, and
hands each its outcome; the others wait for theirs, or for their turn. Nobody waits for company.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from threading import Condition
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

from nst_engine import Pair, Record, TransferConfig, TransferResult
from tasks.engines import devices, engine
from tasks.slots import slot
from tasks.watch import require_going_on

TOGETHER: dict[str, int] = {"GPU": 1, "CPU": 1}
"""How many pairs a device takes together at most, by its kind; `flows.fan_out` has as many under way as that needs.

On a CPU one picture keeps the cores busy. GPUs are not measured yet: there small pictures would leave most of the
device idle, and a graph is traced for each number of pictures.
"""

OnRecord: TypeAlias = Callable[[Record], Any]


class Made(NamedTuple):
    """What became of a pair.

    Attributes:
        result: of the transfer.
        prepare: seconds that the device was held for it otherwise than in optimizing: an equal share of them all.
    """

    result: TransferResult
    prepare: float


@dataclass(frozen=True, eq=False)
class _Order:
    """A pair that waits for a device.

    Attributes:
        config, pair, on_record: as for `made`.
        kind: what orders must have in common to be taken together.
        outcome: what becomes of it.
    """

    config: TransferConfig
    pair: Pair
    on_record: OnRecord
    kind: object
    outcome: Future[Made] = field(default_factory=Future)


def made(config: TransferConfig, pair: Pair, on_record: OnRecord, device: str | None) -> Made:
    """Make the picture of a pair once a device is free.

    Args:
        config: what the transfer does.
        pair: what is read, who watches, and from where the transfer goes on.
        on_record: called with each record as it is made; like who watches, perhaps in the thread of another pair.
        device: `cpu`, `gpu`, `gpu:1`; None is any GPU, or the CPU where there is none.

    Raises:
        NightbrushError: there is no such device, slot or engine, or the transfer fails or is interrupted.
    """
    alone = config.deterministic  # for its bytes must not depend on what else waits
    kind = object() if alone else (config, pair.kind(config))
    return _desk(devices(device)).made(_Order(config, pair, on_record, kind))


def most_together(device: str) -> int:
    """How many pairs a device such as `GPU:0` takes together at most."""
    return TOGETHER[device.partition(":")[0]]


class _Desk:
    """Where the threads of this process put their orders down, for some devices."""

    def __init__(self, devices: tuple[str, ...]) -> None:
        self._devices = devices
        self._turns = len(devices)
        self._waiting: list[_Order] = []
        self._changed = Condition()

    def made(self, order: _Order) -> Made:
        """What becomes of an order."""
        if self._has_turn(order):
            try:
                with slot(self._devices) as device:
                    _make([order, *self._alike(order, most_together(device) - 1)], device)
            finally:
                self._end_turn()
        return order.outcome.result()

    def _has_turn(self, order: _Order) -> bool:
        """Wait until it is the order's turn, or what became of it is known, which another order's turn has brought."""
        with self._changed:
            self._waiting.append(order)
            self._changed.wait_for(lambda: order.outcome.done() or (self._turns > 0 and order in self._waiting))
            if order.outcome.done():
                return False
            self._waiting.remove(order)
            self._turns -= 1
            return True

    def _end_turn(self) -> None:
        with self._changed:
            self._turns += 1
            self._changed.notify_all()

    def _alike(self, order: _Order, most: int) -> list[_Order]:
        """Take those that wait and can be taken together with an order, in the order in which they came."""
        with self._changed:
            alike = [other for other in self._waiting if other.kind == order.kind][:most]
            for other in alike:
                self._waiting.remove(other)
            return alike


_desk = cache(_Desk)


def _make(orders: Sequence[_Order], device: str) -> None:
    """Make the pictures of orders of one kind, and let each know what became of it.

    What fails as a whole is tried again one by one, so that one bad pair costs one row.
    """
    try:
        outcomes = _outcomes(orders, device)
    except BaseException as error:
        if len(orders) > 1 and isinstance(error, Exception):
            for order in orders:
                _make([order], device)
            return
        outcomes = [error] * len(orders)
    for order, outcome in zip(orders, outcomes, strict=True):
        if isinstance(outcome, Made):
            order.outcome.set_result(outcome)
        else:
            order.outcome.set_exception(outcome)


def _outcomes(orders: Sequence[_Order], device: str) -> Sequence[Made | BaseException]:
    started = perf_counter()
    require_going_on()
    outcomes = engine(orders[0].config, device).run_batch(
        [order.pair for order in orders], lambda index, record: orders[index].on_record(record)
    )
    optimizing = sum(map(_optimizing, orders, outcomes))
    prepare = (perf_counter() - started - optimizing) / len(orders)
    return [Made(outcome, prepare) if isinstance(outcome, TransferResult) else outcome for outcome in outcomes]


def _optimizing(order: _Order, outcome: TransferResult | Exception) -> float:
    """Seconds that an order was optimized for here, without those before its checkpoint; unknown where it failed."""
    if isinstance(outcome, Exception):
        return 0.0
    return outcome.timings.optimize - (order.pair.resume.seconds if order.pair.resume else 0.0)
