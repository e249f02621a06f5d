"""A cache that keeps the values used last, up to a total weight."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class WeightedCache(Generic[Key, Value]):
    """Keeps the values used last and drops those unused for longest; it always keeps the value used last.

    Dropped values are freed at once by a garbage collection, since traced graphs are reference cycles. Threads may
    share the cache; if two threads miss a value at once, both make it.

    Args:
        most: largest total weight of the values.
        weight: weight of the value under a key; by default 1.
    """

    def __init__(self, most: float, weight: Callable[[Key], float] = lambda _key: 1) -> None:
        self._most = most
        self._weight = weight
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = RLock()  # freeing a value can call `keep` for another

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value under `key`, made if it is absent; old values are dropped before it is made."""
        value = self.take_or_make(key, make)
        self.keep(key, value)
        return value

    def take_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """As `get_or_make`, but remove the value from the cache, so that nobody else gets it until `keep`."""
        with self._lock:
            if key in self._values:
                return self._values.pop(key)
            self._make_room(key)
        return make()

    def keep(self, key: Key, value: Value) -> None:
        """Store a value as the one used last; replaces another value under the same key."""
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
