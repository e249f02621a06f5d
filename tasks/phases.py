"""Where the wall time of a pair goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Phases:
    """Wall seconds by phase."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        """Count the block's seconds to a phase."""
        started = perf_counter()
        yield
        self.spent[phase] = self.spent.get(phase, 0.0) + perf_counter() - started

    def cells(self) -> dict[str, float]:
        """The cells of a row that they fill."""
        return {f"seconds_{phase}": seconds for phase, seconds in self.spent.items()} | {
            "seconds_total": sum(self.spent.values())
        }
