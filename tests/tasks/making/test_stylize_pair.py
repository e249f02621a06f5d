import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_engine import StyleTransfer, TransferConfig, TransferResult, __version__
from nst_engine.errors import ImageError, TransferError
from nst_engine.images import decode, read_provenance
from tasks.interruption import interruption
from tasks.local_state import state_folder
from tasks.making import engines
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.records.sidecar import Sidecar, read_sidecar
from tasks.storage import StorageError
from tasks.storage.local import LocalStorage
from tests.tasks.studio import BROKEN_JPEG, CONFIG, a_job, a_pair, output_of, paint

PAIR = a_pair()


def the_sidecar(job: Job) -> Sidecar:
    sidecar = read_sidecar(output_of(job), PAIR.sidecar_key)
    assert sidecar is not None
    return sidecar


def the_picture(job: Job, suffix: str = "png") -> Path:
    return Path(job.output, PAIR.picture_key(suffix))


def files(job: Job) -> dict[str, bytes]:
    folder = Path(job.output)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.fixture
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.making.stylize_pair.engine", failing(AssertionError("no transfer is to begin")))


# a pair that is made


def test_makes_a_picture_of_the_size_asked_for_in_the_contents_aspect(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row = stylize_pair(PAIR, job)
    with Image.open(the_picture(job)) as picture:
        picture.load()
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (32, 24))
    assert (row.status, row.width, row.height) == ("completed", 32, 24)
    assert sorted(files(job)) == ["tiny/lake--wave.json", "tiny/lake--wave.png"]


def test_a_made_row_has_every_cell_but_the_error(tmp_path: Path) -> None:
    row = stylize_pair(PAIR, a_job(tmp_path))
    assert [name for name, cell in asdict(row).items() if cell is None] == ["error"]


def test_a_made_row_says_what_was_done_with_what(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row = stylize_pair(PAIR, job)
    assert (row.run_id, row.pair, row.backbone) == ("night", "lake--wave", "tiny")
    assert (row.content, row.style) == (str(tmp_path / "contents/lake.png"), str(tmp_path / "styles/wave.png"))
    assert row.output == str(the_picture(job))
    assert (row.weights, row.optimizer, row.precision, row.seed) == ("random", "adam", "float32", CONFIG.seed)
    assert (row.iterations, row.evaluations, row.engine_version) == (4, 8, __version__)
    assert row.started_at.endswith("+00:00")


def test_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row = stylize_pair(PAIR, job)
    for digest, path in (
        (row.content_sha256, row.content),
        (row.style_sha256, row.style),
        (row.output_sha256, row.output),
    ):
        assert digest == sha256(Path(path).read_bytes()).hexdigest()


def test_the_seconds_add_up(tmp_path: Path) -> None:
    row = stylize_pair(PAIR, a_job(tmp_path))
    phases = (row.seconds_read, row.seconds_prepare, row.seconds_optimize, row.seconds_write)
    assert all(seconds is not None and seconds >= 0 for seconds in phases)
    assert row.seconds_total == pytest.approx(sum(map(float, filter(None, phases))))
    assert row.iterations_per_second == pytest.approx(4 / float(row.seconds_optimize or 0))


def test_the_sidecar_has_the_same_row_the_whole_configuration_and_the_history(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row, sidecar = stylize_pair(PAIR, job), the_sidecar(job)
    assert sidecar.row == row
    assert TransferConfig.from_dict(sidecar.config) == CONFIG
    assert [record["step"] for record in sidecar.history] == [0, 2, 4]
    assert (sidecar.history[0]["total"], sidecar.history[-1]["total"]) == (row.initial_total_loss, row.total_loss)
    assert set(sidecar.versions) == {"python", "keras", "nightbrush", "numpy", "pillow", "tensorflow"}


def test_the_pairs_backbone_replaces_that_of_the_job(tmp_path: Path) -> None:
    config = TransferConfig(backbone="vgg19", weights="random", side=32, levels=1, iterations=1)
    job = a_job(tmp_path, config)
    assert stylize_pair(PAIR, job).status == "completed"
    assert the_sidecar(job).config["backbone"] == "tiny"


def test_the_format_names_the_picture(tmp_path: Path) -> None:
    job = a_job(tmp_path, CONFIG.replace(format="webp"))
    assert stylize_pair(PAIR, job).output == str(the_picture(job, "webp"))
    with Image.open(the_picture(job, "webp")) as picture:
        assert picture.format == "WEBP"


def test_equal_jobs_make_equal_pictures(tmp_path: Path) -> None:
    jobs = [a_job(tmp_path / name) for name in "ab"]
    first, second = (stylize_pair(PAIR, job) for job in jobs)
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(*(decode(the_picture(job)) for job in jobs))


def test_the_picture_names_the_inputs_as_its_row_does(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row, told = stylize_pair(PAIR, job), read_provenance(the_picture(job))
    assert told is not None
    assert told["content"] == {"name": row.content, "sha256": row.content_sha256}
    assert told["style"] == {"name": row.style, "sha256": row.style_sha256}


def test_a_row_says_what_was_passed_over_of_each_file_that_its_configuration_names(tmp_path: Path) -> None:
    def animated(name: str, width: int, height: int) -> str:
        frames = [Image.new("RGB", (width, height), colour) for colour in ("white", "grey")]
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        return str(tmp_path / name)

    start, mask = animated("init.gif", 48, 36), animated("mask.gif", 48, 36)
    other, part = animated("other.gif", 40, 40), animated("part.gif", 40, 40)
    config = CONFIG.replace(init=start, blend=(other,), content_masks=(mask, mask), style_masks=(part, part))
    row = stylize_pair(PAIR, a_job(tmp_path, config))
    assert row.status == "completed"
    assert str(row.error).split("; its first frame was used") == [
        *(f"{'; ' * (index > 0)}picture {path!r} is an animation" for index, path in enumerate(config.files)),
        "",
    ]
    assert set(config.files) == {start, other, mask, part}


def test_snapshots_lie_in_a_folder_of_the_pair_named_after_their_steps(tmp_path: Path) -> None:
    job = a_job(tmp_path, CONFIG.replace(snapshot_every=2, format="webp"))
    stylize_pair(PAIR, job)
    snapshots = sorted(Path(job.output, "tiny/lake--wave.steps").iterdir())
    assert [path.name for path in snapshots] == ["00002.webp", "00004.webp"]
    assert decode(snapshots[0]).shape == (24, 32, 3)


def test_a_job_and_its_rows_travel_between_processes(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    row = stylize_pair(PAIR, job)
    assert pickle.loads(pickle.dumps((job, row))) == (job, row)  # noqa: S301 - our own bytes


# a pair that fails costs one row


def test_a_broken_content_costs_one_row_that_names_it(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    broken = tmp_path / "contents" / "lake.png"
    broken.write_bytes(BROKEN_JPEG)
    row = stylize_pair(PAIR, job)
    assert row.status == "failed"
    assert str(broken) in str(row.error)
    assert "cannot be read" in str(row.error)
    assert row.content_sha256 == sha256(BROKEN_JPEG).hexdigest()
    assert row.style_sha256 is not None
    assert files(job) == {}


def test_a_broken_style_costs_one_row_that_names_it(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "styles" / "wave.png").write_bytes(b"")
    row = stylize_pair(PAIR, job)
    assert (row.status, row.total_loss, row.output_sha256) == ("failed", None, None)
    assert str(tmp_path / "styles/wave.png") in str(row.error)


@pytest.mark.parametrize("side", ["contents", "styles"])
def test_a_picture_that_vanished_costs_one_row(tmp_path: Path, side: str) -> None:
    job = a_job(tmp_path)
    gone = next((tmp_path / side).iterdir())
    gone.unlink()
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error) == ("failed", f"file {str(gone)!r} does not exist; check its name")
    assert (row.content_sha256, row.style_sha256, row.fingerprint) == (None, None, None)


def test_an_output_that_takes_no_picture_costs_one_row(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    Path(job.output).mkdir()
    (Path(job.output) / "tiny").write_text("a file in the way")
    row = stylize_pair(PAIR, job)
    assert row.status == "failed"
    assert "cannot be written" in str(row.error)
    assert row.fingerprint is not None


def test_an_engine_that_gives_up_costs_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(tmp_path)
    monkeypatch.setattr(
        "tasks.making.stylize_pair.engine", failing(TransferError("the loss is nan after 2 steps; use a lower rate"))
    )
    row = stylize_pair(PAIR, job)
    assert (row.status, row.error) == ("failed", "the loss is nan after 2 steps; use a lower rate")
    assert None not in (row.content_sha256, row.style_sha256, row.fingerprint)
    assert files(job) == {}


def test_what_nobody_expected_costs_one_row_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tasks.making.stylize_pair.engine", failing(RuntimeError("out of memory\nat node conv2d\nand so on"))
    )
    row = stylize_pair(PAIR, a_job(tmp_path))
    assert (row.status, row.error) == ("failed", "RuntimeError: out of memory")


def test_a_device_that_is_not_there_costs_one_row(tmp_path: Path) -> None:
    row = stylize_pair(PAIR, replace(a_job(tmp_path), device="gpu:99"))
    assert row.status == "failed"
    assert "device='gpu:99' is not there; use " in str(row.error)


def test_weights_that_do_not_fit_cost_one_row(tmp_path: Path) -> None:
    weights = tmp_path / "mine.weights.h5"
    weights.write_bytes(b"no HDF5")
    row = stylize_pair(PAIR, a_job(tmp_path, CONFIG.replace(weights=str(weights))))
    assert row.status == "failed"
    assert str(row.error).startswith(f"weights file {str(weights)!r} does not fit tiny: ")
    assert len(str(row.error).splitlines()) == 1


def test_a_sidecar_that_cannot_be_written_leaves_the_pair_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("tasks.making.stylize_pair.write_sidecar", failing(StorageError("the disk is full")))
        row = stylize_pair(PAIR, job)
    assert row.status == "failed"
    assert str(row.error).startswith("the disk is full; the picture is kept as ")
    assert list(files(job)) == ["tiny/lake--wave.png"]
    assert stylize_pair(PAIR, job).status == "completed"


@pytest.mark.usefixtures("_no_engine")
def test_a_size_that_the_format_cannot_hold_costs_one_row_and_no_transfer(tmp_path: Path) -> None:
    job = a_job(tmp_path, CONFIG.replace(side=16_384, format="webp"))
    paint(Path(job.content, "lake.png"), 1, 120, 30)
    row = stylize_pair(PAIR, job)
    assert row.status == "failed"
    assert str(row.error).startswith("16384 x 4096 pixels do not fit webp: 16383 a side are allowed; ")


@pytest.mark.usefixtures("_no_engine")
def test_a_name_that_the_output_refuses_costs_one_row_and_no_transfer(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    pair = replace(PAIR, title="a" * 251)  # with .png 255 bytes, which are allowed, but the sidecar has one more
    row = stylize_pair(pair, job)
    assert row.status == "failed"
    assert str(row.error).endswith("a.json' cannot be written: File name too long; use a shorter name")
    assert not Path(job.output).exists()


def test_a_picture_that_cannot_be_encoded_is_kept_and_its_row_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TransferResult, "encode", failing(ImageError("provenance has 60001 characters")))
    row = stylize_pair(PAIR, a_job(tmp_path))
    assert row.status == "failed"
    (kept,) = (state_folder() / "unsaved").iterdir()
    reason = "provenance has 60001 characters; the picture is kept as"
    assert row.error == f"{reason} {str(kept)!r}, without its metadata"
    assert decode(kept).shape == (24, 32, 3)


def test_an_interruption_is_not_taken_for_a_bad_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasks.making.stylize_pair.engine", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stylize_pair(PAIR, a_job(tmp_path))


def test_those_that_wait_for_a_device_when_the_batch_is_interrupted_do_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def too_late(_name: str | None) -> Iterator[str]:
        interruption.set()
        yield "CPU:0"

    monkeypatch.setattr("tasks.making.stylize_pair.free_device", too_late)
    monkeypatch.setattr("tasks.making.stylize_pair.engine", None)
    try:
        row = stylize_pair(PAIR, a_job(tmp_path))
    finally:
        interruption.clear()
    assert row.error == "the batch was interrupted; run it again to go on from there"


def test_two_devices_work_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, at_work = a_job(tmp_path), {"GPU:0": Event(), "GPU:1": Event()}
    paint(Path(job.content, "hill.png"), 4)

    def engine(config: TransferConfig, device: str) -> StyleTransfer:
        at_work[device].set()
        assert all(event.wait(60) for event in at_work.values())
        return engines.engine(config, "CPU:0")

    monkeypatch.setattr(engines, "devices", lambda _name: tuple(at_work))
    monkeypatch.setattr("tasks.making.stylize_pair.engine", engine)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda name: stylize_pair(a_pair(name), job), ("lake.png", "hill.png")))
    assert [(row.status, row.error) for row in rows] == [("completed", None)] * 2


def test_another_pair_goes_on_after_a_failure(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    (tmp_path / "contents" / "bad.jpg").write_bytes(BROKEN_JPEG)
    assert stylize_pair(a_pair("bad.jpg", "wave.png"), job).status == "failed"
    assert stylize_pair(PAIR, job).status == "completed"


def test_two_pairs_are_read_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(tmp_path)
    paint(tmp_path / "contents" / "hill.png", 3)
    both, read = Barrier(2, timeout=30), LocalStorage.read

    def meeting(storage: LocalStorage, key: str) -> bytes:
        if storage.root.name == "contents":
            both.wait()
        return read(storage, key)

    monkeypatch.setattr(LocalStorage, "read", meeting)
    with ThreadPoolExecutor(2) as pool:
        rows = pool.map(lambda name: stylize_pair(a_pair(name), job), ("hill.png", "lake.png"))
    assert [(row.status, row.error) for row in rows] == [("completed", None)] * 2
