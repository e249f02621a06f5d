from dataclasses import replace
from pathlib import Path

import pytest

from flows.runners.absolute_paths import make_config_absolute, make_job_absolute, make_shards_absolute
from tasks.planning.job import Job
from tasks.planning.shards import Shard
from tests.tasks.studio import CONFIG, a_pair


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folders_have_their_absolute_paths_and_buckets_their_addresses(here: Path) -> None:
    job = Job(content="contents", style="s3://bucket/styles", output=str(here / "out"), config=CONFIG, device="cpu")
    assert make_job_absolute(job) == replace(job, content=str(here / "contents"))


def test_a_configuration_without_files_stays() -> None:
    assert make_config_absolute(CONFIG) == CONFIG


def test_weights_and_pictures_have_their_absolute_paths(here: Path) -> None:
    config = CONFIG.replace(weights="mine.h5", init="start.png", blend=("a.png:2",))
    moved = make_config_absolute(config)
    assert moved.files == (str(here / "start.png"), str(here / "a.png"))
    assert moved == CONFIG.replace(weights=f"{here}/mine.h5", init=f"{here}/start.png", blend=(f"{here}/a.png:2",))


def test_work_is_the_same_but_for_the_names(here: Path) -> None:
    own = a_pair(overrides=(("init", "own.png"), ("iterations", 7)))
    job = Job(content="contents", style="styles", output="out", config=CONFIG.replace(init="start.png"), run_id="night")
    shards, moved = make_shards_absolute([Shard(pairs=(a_pair(), own)), Shard(pairs=(a_pair(),))], job)
    placed = replace(own, overrides=(("init", str(here / "own.png")), ("iterations", 7)))
    assert [*shards] == [Shard(pairs=(a_pair(), placed)), Shard(pairs=(a_pair(),))]
    assert (moved.run_id, moved.config.init) == ("night", str(here / "start.png"))
    assert moved.output == str(here / "out")
