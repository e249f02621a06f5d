from dataclasses import replace
from pathlib import Path

import pytest

from tasks.comparison.grid import trials_of
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.listing import Listing
from tasks.planning.names import full_name
from tasks.planning.naming import Finished
from tasks.planning.request import Request
from tasks.preflight.checks import preflight
from tasks.records.finished_names import finished_names
from tasks.records.row import ManifestRow
from tasks.records.sidecar import write_sidecar
from tasks.storage.local import LocalStorage
from tasks.storage.memory import MemoryStorage
from tests.tasks.contest import GRID
from tests.tasks.ledger import a_sidecar
from tests.tasks.studio import a_job, entries, output_of, paint


def listing(*keys: str, uri: str = "/photos") -> Listing:
    return Listing(uri=uri, pictures=entries(*keys))


STYLES = listing("wave.png", uri="/paintings")


class Counting(MemoryStorage):
    """A storage that counts what is read."""

    reads = 0

    def read(self, key: str) -> bytes:
        self.reads += 1
        return super().read(key)


def an_output(**contents: str) -> Counting:
    """An output with sidecars, each by its name and with the URI of its content."""
    output = Counting()
    for name, content in contents.items():
        write_sidecar(output, f"tiny/{name}.json", a_sidecar(content=content, style="/paintings/wave.png"))
    return output


def owners(output: MemoryStorage, *keys: str) -> dict[str, set[str]]:
    """The keys of the contents to which names of stems belong; others are called by their URIs."""
    found = finished_names(output, listing(*keys), STYLES, ["tiny"])
    assert found.in_full == frozenset()
    uris = {full_name(uri, "wave.png"): uri for uri in (*keys, "/photos/gone/a.jpg", "gone/a.jpg")}
    return {name: {uris[owner] for owner in named} for name, named in found.owners.items()}


def test_a_name_of_stems_belongs_to_the_picture_that_its_sidecar_names() -> None:
    output = an_output(**{"A--wave": "/photos/A.jpg"})
    assert owners(output, "A.jpg", "A.heic", "b.jpg") == {"a--wave": {"A.jpg"}}


def test_no_sidecar_is_read_for_a_name_that_one_picture_has() -> None:
    output = an_output(**{"a--wave": "/photos/a.jpg", "b--wave": "/photos/b.jpg", "c--wave": "/photos/c.jpg"})
    assert owners(output, "a.jpg", "b.jpg") == {}
    assert output.reads == 0
    assert owners(output, "a.jpg", "b.jpg", "x/b.jpg") == {"b--wave": {"b.jpg"}}
    assert output.reads == 1


@pytest.mark.parametrize(
    ("uri", "owner"),
    [
        ("/photos/x/a.jpg", "x/a.jpg"),
        ("/elsewhere/x/a.jpg", "x/a.jpg"),
        ("/elsewhere/y/a.jpg", "a.jpg"),
        ("s3://bucket/2024/x/a.jpg", "x/a.jpg"),
        ("/photos/gone/a.jpg", "gone/a.jpg"),
    ],
)
def test_a_picture_is_known_by_its_key_wherever_its_folder_was(uri: str, owner: str) -> None:
    assert owners(an_output(**{"a--wave": uri}), "a.jpg", "x/a.jpg") == {"a--wave": {owner}}


def test_results_of_a_comparison_tell_whose_name_it_is() -> None:
    output = an_output(**{"a--wave--side=64": "/photos/a.jpg", "a--wave--side=32": "/photos/a.jpg"})
    assert owners(output, "a.jpg", "a.png")["a--wave"] == {"a.jpg"}


def test_a_sidecar_that_cannot_be_read_says_nothing() -> None:
    output = MemoryStorage({"tiny/a--wave.json": b"{"})
    assert owners(output, "a.jpg", "a.png") == {}


def test_names_in_full_are_known_by_their_form() -> None:
    name = full_name("a.jpg", "wave.png")
    output = MemoryStorage(dict.fromkeys([f"tiny/{name}.json", f"tiny/{name[:-1]}.json", "vgg16/b.json"], b"{}"))
    assert finished_names(output, listing("a.jpg"), STYLES, ["tiny"]) == Finished(in_full=frozenset({name}))
    compared = MemoryStorage({f"tiny/{name}--side=64.json": b"{}"})
    assert finished_names(compared, listing("a.jpg"), STYLES, ["tiny"]).in_full == {name}


def test_an_output_that_does_not_exist_has_no_names(tmp_path: Path) -> None:
    output = LocalStorage(tmp_path / "out")
    assert finished_names(output, listing("a.jpg", "a.png"), STYLES, ["tiny"]) == Finished()


# night after night


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path)


def night(job: Job, **request: tuple[str, ...]) -> dict[str, str]:
    """Run a batch; returns the status and the name of each content."""
    rows = [stylize_pair(it, job) for it in preflight(job, Request(backbones=("tiny",), **request)).pairs]
    return {Path(row.content).name: f"{row.status} {_short(row)}" for row in rows}


def _short(row: ManifestRow) -> str:
    return row.pair.partition("~")[0]


def pictures(job: Job) -> dict[str, bytes]:
    return {entry.key: output_of(job).read(entry.key) for entry in output_of(job).list() if entry.key.endswith("png")}


def test_no_picture_that_comes_or_goes_costs_another_its_result(job: Job) -> None:
    lake, other = Path(job.content, "lake.png"), Path(job.content, "lake.jpg")
    assert night(job) == {"lake.png": "completed lake--wave"}
    first = pictures(job)
    paint(other, 3)
    assert night(job) == {"lake.png": "skipped lake--wave", "lake.jpg": "completed lake.jpg--wave.png"}
    both = pictures(job)
    assert (len(both), both | first) == (2, both)
    aside = lake.rename(lake.with_suffix(".aside"))
    assert night(job) == {"lake.jpg": "skipped lake.jpg--wave.png"}
    aside.rename(lake)
    other.unlink()
    assert night(job) == {"lake.png": "skipped lake--wave"}
    assert pictures(job) == both


def test_a_picture_that_takes_the_place_of_another_takes_that_of_its_result(job: Job) -> None:
    night(job)
    Path(job.content, "lake.png").unlink()
    paint(Path(job.content, "lake.jpg"), 3)
    assert night(job) == {"lake.jpg": "completed lake--wave"}


def test_a_picture_that_is_out_of_reach_for_a_night_keeps_its_result(job: Job, tmp_path: Path) -> None:
    lake, hill = (paint(Path(job.content, "deeper", f"{name}.png"), seed) for seed, name in ((3, "lake"), (4, "hill")))
    Path(job.content, "lake.png").unlink()
    assert night(job) == {"lake.png": "completed lake--wave", "hill.png": "completed hill--wave"}
    first = pictures(job)
    lake.parent.rename(tmp_path / "elsewhere")
    lake.parent.symlink_to(tmp_path / "elsewhere")
    paint(Path(job.content, "lake.jpg"), 5)
    paint(Path(job.content, "sky.png"), 6)
    assert night(job) == {"lake.jpg": "completed lake.jpg--wave.png", "sky.png": "completed sky--wave"}
    lake.parent.unlink()
    (tmp_path / "elsewhere").rename(lake.parent)
    assert set(night(job).values()) == {
        *("skipped lake--wave", "skipped hill--wave", "skipped lake.jpg--wave.png", "skipped sky--wave"),
    }
    assert pictures(job) | first == pictures(job)
    assert hill.exists()


def test_patterns_that_change_overwrite_nothing(job: Job) -> None:
    paint(Path(job.content, "lake.jpg"), 3)
    assert night(job, exclude=("content:*.jpg",)) == {"lake.png": "completed lake--wave"}
    first = pictures(job)
    assert night(job, exclude=("content:*.png",)) == {"lake.jpg": "completed lake.jpg--wave.png"}
    assert night(job) == {"lake.png": "skipped lake--wave", "lake.jpg": "skipped lake.jpg--wave.png"}
    assert pictures(job) | first == pictures(job)


def test_a_folder_that_was_moved_is_still_finished(job: Job, tmp_path: Path) -> None:
    paint(Path(job.content, "deeper", "lake.png"), 3)
    made = night(job, exclude=("deeper/*",)) | night(job)
    Path(job.content).rename(tmp_path / "moved")
    moved = replace(job, content=str(tmp_path / "moved"))
    assert {status.partition(" ")[0] for status in night(moved).values()} == {"skipped"}
    assert set(made) == {"lake.png"}


def test_a_comparison_keeps_its_names_when_another_picture_comes(job: Job) -> None:
    def compare() -> set[str]:
        trials = trials_of(preflight(job, Request(backbones=("tiny",))), (GRID,))
        rows = [stylize_pair(trial.spec, job) for trial in trials]
        return {f"{Path(row.content).name} {row.status}" for row in rows}

    assert compare() == {"lake.png completed"}
    first = pictures(job)
    paint(Path(job.content, "lake.jpg"), 3)
    assert compare() == {"lake.png skipped", "lake.jpg completed"}
    assert pictures(job) | first == pictures(job)
