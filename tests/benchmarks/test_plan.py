"""What it costs to plan a batch of a million pictures: `make bench`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from nst_engine import TransferConfig
from tasks.planning.request import Pairing, Request
from tasks.planning.rules import plan
from tasks.storage import Entry
from tasks.storage.base import OnError, ignore
from tasks.storage.memory import MemoryStorage

pytestmark = pytest.mark.benchmark

MOST_MEGABYTES = 500
MOST_LISTINGS = 20
"""Times that a plan may take what its listings take by themselves."""


class Endless(MemoryStorage):
    """A storage of so many pictures, a thousand in a folder, none of them there before it is listed."""

    def __init__(self, suffix: str, count: int) -> None:
        super().__init__()
        self.suffix, self.count = suffix, count

    def list(self, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        del onerror
        for number in range(self.count):
            yield Entry(f"{prefix}2024/{number // 1000:04}/picture-{number:08}{self.suffix}", number, f"{number:032x}")


def measure(pairing: Pairing, contents: int, styles: int, pairs: str | None) -> dict[str, float]:
    """Plan a batch in this process, and tell what it took."""
    import resource

    storages = Endless(".jpg", contents), Endless(".png", styles)
    started = perf_counter()
    listed = sum(1 for storage in storages for _ in storage.list())
    between = perf_counter()
    request = Request(backbones=("tiny",), pairing=pairing, pair_list=pairs)
    made = plan(*storages, request, TransferConfig(backbone="tiny", weights="random"))
    ended = perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "keys": listed,
        "pairs": len(made.pairs),
        "listing_seconds": between - started,
        "plan_seconds": ended - between,
        "megabytes": peak,
    }


@pytest.mark.parametrize(
    ("pairing", "contents", "styles"),
    [("stem", 500_000, 500_000), ("every", 1_000_000, 1), ("zip", 500_000, 500_000), ("list", 500_000, 500_000)],
)
def test_a_million_pictures_are_planned_in_little_memory_and_time(
    tmp_path: Path, pairing: Pairing, contents: int, styles: int
) -> None:
    pairs = write_list(tmp_path / "pairs.csv", contents) if pairing == "list" else None
    program = (
        f"import json\nfrom test_plan import measure\nprint(json.dumps(measure(*{(pairing, contents, styles, pairs)})))"
    )
    command = [sys.executable, "-c", program]
    took = json.loads(subprocess.check_output(command, cwd=Path(__file__).parent, text=True))  # noqa: S603 - ourselves
    print(f"\n{pairing}: " + ", ".join(f"{name} {value:.6g}" for name, value in took.items()))  # noqa: T201  # a benchmark's result
    assert (took["keys"], took["pairs"]) == (contents + styles, contents)
    assert took["megabytes"] <= MOST_MEGABYTES
    assert took["plan_seconds"] <= MOST_LISTINGS * took["listing_seconds"]


def write_list(file: Path, count: int) -> str:
    names = (f"2024/{number // 1000:04}/picture-{number:08}" for number in range(count))
    rows = (f"{name}.jpg,{name}.png,{32 * (1 + number % 3)}\n" for number, name in enumerate(names))
    with file.open("w", encoding="utf-8") as lines:
        lines.write("content,style,side\n")
        lines.writelines(rows)
    return str(file)
