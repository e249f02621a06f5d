"""Which pairs the command line makes of what it is given."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.records.csv_files import read_results
from tasks.storage import Entry
from tasks.storage.base import OnError, ignore
from tasks.storage.local import LocalStorage
from tests.flows.console import TINY, Nightbrush
from tests.tasks.studio import paint


@pytest.mark.usefixtures("prefect_api")
def test_makes_the_pairs_of_a_list(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], tmp_path: Path
) -> None:
    paint(folders["content"] / "hill.png", 3)
    (tmp_path / "pairs.csv").write_text("content,style,name,side\nhill.png,wave.png,small,\nlake.png,wave.png,,48\n")
    ran = nightbrush("run", *places, *TINY, "--pairs", tmp_path / "pairs.csv")
    assert ran.status == 0
    rows = read_results((folders["output"] / "results.csv").read_bytes())
    assert [(row.pair, row.width) for row in rows] == [("small", 32), ("lake--wave", 48)]


@pytest.mark.usefixtures("prefect_api")
def test_lists_each_folder_once_for_a_batch(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []

    def listing(storage: LocalStorage, prefix: str = "", onerror: OnError = ignore) -> Iterator[Entry]:
        listed.append(storage.root)
        return real(storage, prefix, onerror)

    real = LocalStorage.list
    monkeypatch.setattr(LocalStorage, "list", listing)
    assert nightbrush("run", *places, *TINY).status == 0
    assert [listed.count(folders[side]) for side in ("content", "style")] == [1, 1]


@pytest.mark.parametrize("pattern", ["--include=lake*", "--exclude=hill*", "--include=content:l*"])
def test_patterns_choose_the_pictures(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path], pattern: str
) -> None:
    paint(folders["content"] / "hill.png")
    paint(folders["style"] / "lake-in-autumn.png")
    ran = nightbrush("run", *places, *TINY, pattern, "--exclude", "style:wave*", "--dry-run")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "tiny/lake--lake-in-autumn")
    assert ran.out.splitlines()[1].startswith("1 contents and 1 styles, ")


def test_a_dry_run_tells_what_a_list_sets(nightbrush: Nightbrush, places: list[str], tmp_path: Path) -> None:
    layers = "block1_conv1,block2_conv1:2"
    text = f'content,style,name,side,time_limit,style_layers\nlake.png,wave.png,"a, b",48,none,"{layers}"\n'
    (tmp_path / "pairs.csv").write_text(text)
    ran = nightbrush("run", *places, *TINY, "--set", "time_limit=9", "--pairs", tmp_path / "pairs.csv", "--dry-run")
    assert ran.out.splitlines()[0] == f"tiny/a, b side=48 style_layers={layers} time_limit=None"
    assert ran.out.splitlines()[4].endswith(" s, each 4 steps to 48x36 pixels")


def test_a_dry_run_shows_no_name_that_breaks_a_line(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    (folders["content"] / "lake.png").rename(folders["content"] / "new\nline\x1b[2J.png")
    ran = nightbrush("run", *places, *TINY, "--dry-run")
    assert ran.out.splitlines()[0] == r"'tiny/new\nline\x1b[2J--wave'"


@pytest.mark.usefixtures("prefect_api")
def test_pictures_of_one_stem_are_all_made_and_a_warning_counts_them(
    nightbrush: Nightbrush, places: list[str], folders: dict[str, Path]
) -> None:
    for seed, name in enumerate(("lake.jpg", "deeper/lake.png"), start=3):
        paint(folders["content"] / name, seed)
    dry = nightbrush("run", *places, *TINY, "--dry-run").out
    assert "pairs with a name in full, since pictures share their stems: 3, the first tiny/lake.png--wave.png~" in dry
    ran = nightbrush("run", *places, *TINY)
    assert (ran.status, ran.out.splitlines()[0]) == (0, "3 of 3 pairs have their picture, 0 failed")
    assert len(list((folders["output"] / "tiny").glob("lake.*--wave.png~*.png"))) == 3
