"""A pair whose content, style and output are in a bucket, from discovery to the report."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from moto.s3.models import FakeKey

from nst_engine.config import TransferConfig
from nst_engine.images import decode
from tasks.local_state import outbox
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec
from tasks.planning.request import Request
from tasks.preflight.checks import preflight
from tasks.records.csv_files import read_results
from tasks.reporting.outputs import REPORT, RESULTS, write_outputs
from tasks.storage import Entry, open_storage
from tasks.storage.s3 import S3Storage
from tests.tasks.kept import CHOSEN, KEPT
from tests.tasks.storage.buckets import new_bucket
from tests.tasks.storage.contract import listed
from tests.tasks.storage.faults import Proxy
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
    write_outputs(open_storage(job.output), rows)
    assert [(row.pair, row.status) for row in rows] == [("broken--wave", "failed"), ("lake--wave", "completed")]
    tables = ["backbones.csv", REPORT, RESULTS]
    assert sorted(listed(open_storage(job.output))) == sorted([*tables, "tiny/lake--wave.json", "tiny/lake--wave.png"])
    assert decode(open_storage(job.output).read("tiny/lake--wave.png")).shape == (24, 32, 3)
    assert stylize_pair(PAIR, job).status == "skipped"


def planned(job: Job) -> PairSpec:
    """The one pair of a job, with the ETags of the listing."""
    [pair] = preflight(job, Request(backbones=("tiny",))).pairs
    return pair


def downloads(proxy: Proxy) -> list[str]:
    """The paths of the pictures that were read."""
    return [path for method, path in proxy.requests if method == "GET" and path.partition("?")[0].endswith(".png")]


def test_what_is_finished_is_known_by_its_etags_and_no_picture_is_downloaded(
    proxy: Proxy, bucket: str, tmp_path: Path
) -> None:
    job = filled(bucket, tmp_path)
    made = stylize_pair(planned(job), job)
    write_outputs(open_storage(job.output), [made])
    page = open_storage(job.output).read(REPORT)
    proxy.requests.clear()
    row = stylize_pair(planned(job), job)
    write_outputs(open_storage(job.output), [row])
    assert (row.status, row.content_sha256, row.fingerprint) == ("skipped", made.content_sha256, made.fingerprint)
    assert downloads(proxy) == []
    assert open_storage(job.output).read(REPORT).count(b"data:image/jpeg") == page.count(b"data:image/jpeg") == 3


def test_a_result_is_known_by_an_etag_that_is_no_md5(
    proxy: Proxy, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeKey, "etag", property(lambda key: f'"{sha256(key.value).hexdigest()[:32]}"'))
    job = filled(bucket, tmp_path)
    stylize_pair(planned(job), job)
    proxy.requests.clear()
    assert stylize_pair(planned(job), job).status == "skipped"
    assert downloads(proxy) == []


@pytest.mark.parametrize("key", ["contents/lake.png", "styles/wave.png", "out/tiny/lake--wave.png"])
def test_what_was_replaced_in_the_bucket_is_made_anew(job: Job, bucket: str, tmp_path: Path, key: str) -> None:
    first = stylize_pair(planned(job), job)
    open_storage(f"s3://{bucket}").write(key, paint(tmp_path / key, seed=9).read_bytes())
    again = stylize_pair(planned(job), job)
    assert again.status == "completed"
    assert (again.fingerprint == first.fingerprint) == key.startswith("out/")


@pytest.mark.usefixtures("cloud")
def test_a_bucket_of_the_first_release_is_finished_and_no_picture_is_downloaded(proxy: Proxy) -> None:
    kept = open_storage(f"s3://{new_bucket('nightbrush')}")
    for folder, place in (("contents", "contents"), ("styles", "styles"), ("bucket", "out")):
        for path in (path for path in Path(KEPT, folder).rglob("*") if path.suffix in (".png", ".json", ".csv")):
            kept.write(f"{place}/{path.relative_to(KEPT / folder)}", path.read_bytes())
    places = {"content": "contents", "style": "styles", "output": "out"}
    uris = {side: kept.uri(place) for side, place in places.items()}
    job = Job(**uris, config=TransferConfig.from_dict(CHOSEN), run_id="later", keep_older=True)
    pairs = preflight(job, Request(backbones=("tiny",))).pairs
    before = kept.read("out/results.csv")
    proxy.requests.clear()
    rows = [stylize_pair(pair, job) for pair in pairs]
    assert [(row.pair, row.status) for row in rows] == [("hill--wave", "skipped"), ("lake--wave", "skipped")]
    assert downloads(proxy) == []
    outcome = write_outputs(kept_output := open_storage(job.output), rows)
    assert (len(outcome.exhibits), outcome.notes) == (2, ())
    names = {"run_id": "night", "status": "completed"}
    assert tuple(replace(row, **names) for row in read_results(kept_output.read(RESULTS))) == read_results(before)


def test_another_bucket_is_read_though_its_etags_are_the_same(job: Job, tmp_path: Path) -> None:
    stylize_pair(planned(job), job)
    moved = filled(new_bucket(), tmp_path)
    pair, elsewhere = planned(moved), replace(job, content=moved.content)
    assert pair.content.etag == planned(job).content.etag
    assert stylize_pair(pair, elsewhere).status == "skipped"


def test_a_picture_that_another_run_has_replaced_meanwhile_is_not_taken_for_its_own(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, other = S3Storage.write, paint(tmp_path / "other.png", seed=9).read_bytes()

    def replaced(self: S3Storage, key: str, data: bytes) -> Entry:
        entry = write(self, key, data)
        if key.endswith(".png"):
            write(self, key, other)
        return entry

    with monkeypatch.context() as patch:
        patch.setattr(S3Storage, "write", replaced)
        assert stylize_pair(planned(job), job).status == "completed"
    row = stylize_pair(planned(job), job)
    assert row.status == "completed"
    assert sha256(open_storage(job.output).read("tiny/lake--wave.png")).hexdigest() == row.output_sha256


def test_a_picture_that_the_bucket_refuses_is_kept_and_written_by_the_next_run(
    job: Job,
) -> None:
    gone = replace(job, output="s3://no-such-bucket-there/out")
    failed = stylize_pair(PAIR, gone)
    assert failed.status == "failed"
    assert "the picture is kept as" in str(failed.error)
    assert outbox.load(str(failed.fingerprint)) is not None
    row = stylize_pair(PAIR, job)
    assert (row.status, row.output_sha256) == ("completed", failed.output_sha256)
    assert outbox.load(str(failed.fingerprint)) is None
