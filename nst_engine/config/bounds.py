"""The bounds of the numbers of a configuration, by field: the validation and the run form read them here."""

from dataclasses import dataclass

from nst_engine.registry.losses import WEIGHT_FIELDS


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Which numbers a field takes.

    Attributes:
        least: the least of them.
        most: the greatest of them.
        above: True if they are above `least`.
        whole: True if they are whole numbers.
        instead: what the field takes in the place of a number.
    """

    least: int
    most: int
    above: bool = False
    whole: bool = False
    instead: tuple[str | None, ...] = ()

    def allows(self, value: object) -> bool:
        """Whether a field with this bound takes the value."""
        if value is None or isinstance(value, str):
            return value in self.instead
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return self.least <= value <= self.most and not (self.above and value == self.least)

    @property
    def numbers(self) -> str:
        """The numbers in the words of an error text."""
        if self.whole:
            return f"a whole number from {self.least} to {self.most}"
        return f"a finite number {'>' if self.above else '>='} {self.least} and <= {self.most:g}"


WEIGHT = Bound(least=0, most=10**15, instead=(None,))
"""Of weights, those of layers and of the styles of a blend too: losses times the greatest still fit float32."""

MOST_SIDE = 2**16
_MOST_STEPS = 10**7
_COUNT = Bound(least=0, most=_MOST_STEPS, whole=True)


def number_bounds(stride: int) -> dict[str, Bound]:
    """The bound of each field that takes numbers.

    Args:
        stride: of the backbone, in pixels: no side is shorter.
    """
    side = Bound(least=stride, most=MOST_SIDE, whole=True, instead=(None,))
    return {
        "style_scale": Bound(least=0, above=True, most=1000),
        "strength": Bound(least=0, most=1),
        **dict.fromkeys(WEIGHT_FIELDS, WEIGHT),
        "learning_rate": Bound(least=0, above=True, most=10**6, instead=(None,)),
        "balance": Bound(least=0, above=True, most=10**6, instead=(None,)),
        "tolerance": Bound(least=0, above=True, most=1, instead=(None,)),
        "time_limit": Bound(least=0, above=True, most=10**9, instead=(None,)),
        "side": side,
        "tile": side,
        "levels": Bound(least=1, most=16, whole=True, instead=("auto",)),
        "iterations": Bound(least=1, most=_MOST_STEPS, whole=True),
        "updates": Bound(least=1, most=_MOST_STEPS, whole=True),
        "refine": _COUNT,
        "record_every": _COUNT,
        "snapshot_every": _COUNT,
        "quality": Bound(least=1, most=100, whole=True),
        "seed": Bound(least=0, most=2**32 - 1, whole=True),
    }
