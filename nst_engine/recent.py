"""A bounded store of what was made lately."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps the values used last and drops those unused for longest; the one used last of all is always kept.

    What is dropped is gone at once: traced graphs are rings of references, which Python frees when it looks for them.

    Args:
        most: what the values kept may weigh together.
        weight: of the value under a key; unless given, each weighs 1.
    """

    def __init__(self, most: float, weight: Callable[[Key], float] = lambda _key: 1) -> None:
        self._most = most
        self._weight = weight
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value under `key`, made now where it is not kept; room for it is made before."""
        if key not in self._values:
            self._make_room(key)
            self._values[key] = make()
        self._values.move_to_end(key)
        return self._values[key]

    def clear(self) -> None:
        """Drop all values."""
        self._values.clear()
        gc.collect()

    def _make_room(self, key: Key) -> None:
        full = False
        while self._values and sum(map(self._weight, [*self._values, key])) > self._most:
            self._values.popitem(last=False)
            full = True
        if full:
            gc.collect()
