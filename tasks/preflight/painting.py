"""What a batch would take if it were painted, and if it were optimized."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from time import perf_counter
from typing import Self

from nst_engine.errors import NightbrushError
from tasks.making.engines import engine, free_device
from tasks.planning.job import Job
from tasks.planning.names import printable
from tasks.planning.pairs import PairSpec
from tasks.preflight.estimate import estimate, read_photographs
from tasks.preflight.workload import Failure
from tasks.reporting.number_format import duration

_TRIAL_UPDATES = 8
"""Updates that are taken to see how long one takes; they are in proportion of those that learn in earnest."""

_WORTH_A_LOOK = 50
"""Pictures of a style from which a batch that is optimized is told what painting would take."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The seconds of the two ways to make a picture.

    Attributes:
        optimize: of one picture that is optimized.
        learn: of a painter that learns one style.
        paint: of one picture that is painted, its losses evaluated.
    """

    optimize: float
    learn: float
    paint: float

    @property
    def pays_from(self) -> int | None:
        """Pictures of a style from which painting takes less time; None if it never does."""
        gain = self.optimize - self.paint
        return ceil(self.learn / gain) if gain > 0 else None

    def lines(self, pictures: int, styles: int) -> Iterator[str]:
        """Three lines: what each way takes for so many pictures and styles, and from where painting pays."""
        yield f"optimize: {pictures} pictures, {duration(self.optimize * pictures)}"
        count = "1 style" if styles == 1 else f"{styles} styles"
        yield f"paint: learn {count} {duration(self.learn * styles)} at most, then {duration(self.paint * pictures)}"
        if self.pays_from is not None:
            yield f"paint pays from {self.pays_from} pictures a style"


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Pairs that are to be made, as far as painting is concerned: how many, how many styles, and the first of them."""

    pictures: int
    styles: int
    first: PairSpec | None

    @classmethod
    def of(cls, pairs: Iterable[PairSpec]) -> Self:
        """Count pairs; none is kept but the first."""
        pictures, first, styles = 0, None, set()
        for pair in pairs:
            pictures, first = pictures + 1, first or pair
            styles.add(pair.style.key)
        return cls(pictures=pictures, styles=len(styles), first=first)

    def lines(self, job: Job) -> Iterator[str]:
        """What both ways take on this device; nothing for a batch that is optimized and has few pictures of a style.

        A `Failure` says why a batch cannot be painted that is to be.
        """
        if self.first is None:
            return
        is_asked = self.first.own_config(job.config).method == "paint"
        if not is_asked and self.pictures < _WORTH_A_LOOK * self.styles:
            return
        try:
            yield from estimate_ways(self.first, job).lines(self.pictures, self.styles)
        except NightbrushError as error:
            if is_asked:
                yield Failure(f"{printable(self.first.name)} will fail: {error}")


def estimate_ways(pair: PairSpec, job: Job) -> Ways:
    """Try both ways on one pair, and scale up the seconds.

    Raises:
        NightbrushError: the pair cannot be read, or its configuration cannot be painted.
    """
    from nst_engine import Painter  # loads TensorFlow, so only when it is needed

    config = pair.own_config(job.config).replace(method="paint")
    content, style = read_photographs(pair, job)
    moments: list[float] = []
    with free_device(job.device) as device:
        pupil = engine(config.replace(updates=_TRIAL_UPDATES), device)
        painter = Painter.learn_by(pupil, style, [content] * 8, lambda _: moments.append(perf_counter()))
        for _ in range(2):  # the first traces graphs
            started = perf_counter()
            painted = painter.paint(content, config.strength, device=device)
            engine(config, device).run(content, style, painted=painted)
            paint = perf_counter() - started
    updates = [after - before for before, after in pairwise(moments)]
    learn = config.updates * sum(updates[1:]) / len(updates[1:])
    optimized = replace(job, config=job.config.replace(method="optimize"))
    plain = PairSpec(content=pair.content, style=pair.style, backbone=pair.backbone)
    return Ways(optimize=estimate(plain, optimized).seconds, learn=learn, paint=paint)
