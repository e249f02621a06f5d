"""A pair whose content, style and output are in a bucket, from discovery to the report."""

from dataclasses import replace
from pathlib import Path

import pytest

from nst_engine.images import decode
from tasks import outbox
from tasks.outcome import REPORT, RESULTS, write_outcome
from tasks.pairs import Request
from tasks.preflight import preflight
from tasks.storage import open_storage
from tasks.work import Job, stylize_pair
from tests.tasks.storage.contract import listed
from tests.tasks.studio import BROKEN_JPEG, CONFIG, a_pair, paint

PAIR = a_pair()


@pytest.fixture
def job(bucket: str, tmp_path: Path) -> Job:
    return filled(bucket, tmp_path)


def filled(bucket: str, folder: Path) -> Job:
    """A job over pictures in the bucket."""
    for key, seed in (("contents/lake.png", 1), ("styles/wave.png", 2)):
        open_storage(f"s3://{bucket}").write(key, paint(folder / key, seed).read_bytes())
    places = {side: f"s3://{bucket}/{side}" for side in ("contents", "styles", "out")}
    return Job(content=places["contents"], style=places["styles"], output=places["out"], config=CONFIG, run_id="night")


def test_a_batch_in_a_bucket_leaves_pictures_tables_and_a_report_there(job: Job) -> None:
    open_storage(job.content).write("broken.jpg", BROKEN_JPEG)
    plan = preflight(job, Request(backbones=("tiny",)))
    rows = [stylize_pair(pair, job) for pair in plan.pairs]
    write_outcome(open_storage(job.output), rows)
    assert [(row.pair, row.status) for row in rows] == [("broken--wave", "failed"), ("lake--wave", "completed")]
    tables = ["backbones.csv", REPORT, RESULTS]
    assert sorted(listed(open_storage(job.output))) == sorted([*tables, "tiny/lake--wave.json", "tiny/lake--wave.png"])
    assert decode(open_storage(job.output).read("tiny/lake--wave.png")).shape == (24, 32, 3)
    assert stylize_pair(PAIR, job).status == "skipped"


def test_a_picture_that_the_bucket_refuses_is_kept_and_written_by_the_next_run(
    job: Job,
) -> None:
    gone = replace(job, output="s3://no-such-bucket-there/out")
    failed = stylize_pair(PAIR, gone)
    assert failed.status == "failed"
    assert "kept on this machine" in str(failed.error)
    assert outbox.kept(str(failed.fingerprint)) is not None
    row = stylize_pair(PAIR, job)
    assert (row.status, row.output_sha256) == ("completed", failed.output_sha256)
    assert outbox.kept(str(failed.fingerprint)) is None
