"""A bounded store of what was made lately."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class WeightedCache(Generic[Key, Value]):
    """Keeps the values used last and drops those unused for longest; the one used last of all is always kept.

    What is dropped is gone at once: traced graphs are rings of references, which Python frees when it looks for them.
    Threads may share it; a value that two of them lack at once is made twice.

    Args:
        most: what the values kept may weigh together.
        weight: of the value under a key; unless given, each weighs 1.
    """

    def __init__(self, most: float, weight: Callable[[Key], float] = lambda _key: 1) -> None:
        self._most = most
        self._weight = weight
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = RLock()  # dropping a value can set free what gives another back

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value under `key`, made now where it is not kept; room for it is made before."""
        value = self.take_or_make(key, make)
        self.keep(key, value)
        return value

    def take_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """As `get_or_make`, but kept no longer: until it is given to `keep`, nobody else gets it."""
        with self._lock:
            if key in self._values:
                return self._values.pop(key)
            self._make_room(key)
        return make()

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value as the one used last, in the place of another under its key."""
        with self._lock:
            self._values.pop(key, None)
            self._make_room(key)
            self._values[key] = value

    def clear(self) -> None:
        """Drop all values."""
        with self._lock:
            self._values.clear()
        gc.collect()

    def _make_room(self, key: Key) -> None:
        full = False
        while self._values and sum(map(self._weight, [*self._values, key])) > self._most:
            self._values.popitem(last=False)
            full = True
        if full:
            gc.collect()
