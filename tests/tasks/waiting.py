"""A device that is kept until pairs wait for it, for tests of what is taken together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from tasks import together
from tasks.engines import devices
from tasks.slots import slot


@contextmanager
def held_until(waiting: int) -> Iterator[None]:
    """Hold the device's slot in a thread until so many pairs wait for it, one of them for the slot itself."""
    held = Event()

    def hold() -> None:
        desk = together._desk(devices(None))
        with slot(devices(None)):
            held.set()
            while len(desk._waiting) + len(desk._devices) - desk._turns < waiting:
                Event().wait(0.01)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(60)
        yield
        holding.result()
