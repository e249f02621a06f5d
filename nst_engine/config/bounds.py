"""The bounds of the numbers of a configuration, by field: the validation and the run form read them here."""

import sys
from dataclasses import dataclass

from nst_engine.registry.losses import WEIGHT_FIELDS


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Which numbers a field takes; all are finite.

    Attributes:
        least: the least of them, or None.
        above: what they are all above, or None.
        most: the greatest of them, or None.
        whole: whether they are whole numbers, in which case `least` is given and `above` is not.
        instead: what the field takes in the place of a number.
    """

    least: int | None = None
    above: int | None = None
    most: int | None = None
    whole: bool = False
    instead: tuple[str | None, ...] = ()

    def allows(self, value: object) -> bool:
        """Whether a field with this bound takes the value."""
        if value is None or isinstance(value, str):
            return value in self.instead
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        finite = self.whole or abs(value) <= sys.float_info.max
        return finite and self._within(value)

    @property
    def numbers(self) -> str:
        """The numbers in the words of an error text."""
        if self.whole:
            limits = f"of at least {self.least}" if self.most is None else f"from {self.least} to {self.most}"
            return f"a whole number {limits}"
        signs = {">=": self.least, ">": self.above, "<=": self.most}
        limits = " and ".join(f"{sign} {limit}" for sign, limit in signs.items() if limit is not None)
        return f"a finite number {limits}"

    def _within(self, value: float) -> bool:
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )


_POSITIVE = Bound(above=0, instead=(None,))
_COUNT = Bound(least=0, whole=True)


def number_bounds(stride: int) -> dict[str, Bound]:
    """The bound of each field that takes numbers.

    Args:
        stride: of the backbone, in pixels: no side is shorter.
    """
    side = Bound(least=stride, whole=True, instead=(None,))
    return {
        "style_scale": Bound(above=0),
        "strength": Bound(least=0, most=1),
        **dict.fromkeys(WEIGHT_FIELDS, Bound(least=0, instead=(None,))),
        "learning_rate": _POSITIVE,
        "balance": _POSITIVE,
        "tolerance": _POSITIVE,
        "time_limit": _POSITIVE,
        "side": side,
        "tile": side,
        "levels": Bound(least=1, most=16, whole=True, instead=("auto",)),
        "iterations": Bound(least=1, whole=True),
        "record_every": _COUNT,
        "snapshot_every": _COUNT,
        "quality": Bound(least=1, most=100, whole=True),
        "seed": Bound(least=0, most=2**32 - 1, whole=True),
    }
