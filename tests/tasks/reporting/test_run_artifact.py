"""A batch as a run's history keeps it."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from nst_engine.images import decode, encode
from tasks.records.row import ManifestRow
from tasks.records.summary import BatchSummary
from tasks.reporting.report_page import Exhibit
from tasks.reporting.run_artifact import MOST_FAILURES, MOST_PICTURES, artifact_key, digest
from tests.tasks.ledger import a_row

JPEG = encode(np.random.default_rng(0).random((300, 400, 3), dtype=np.float32), "jpg", 80)
HISTORY = [{"step": step, "total": 100.0 / (1 + step)} for step in range(5)]


def an_exhibit(row: ManifestRow) -> Exhibit:
    return Exhibit(row=row, result=JPEG, content=JPEG, style=None, history=HISTORY)


def digested(*rows: ManifestRow) -> str:
    exhibits = [an_exhibit(row) for row in rows if row.status != "failed"]
    return digest(BatchSummary(rows), exhibits, ["/out/report.html", "s3://bucket/out/results.csv"])


def test_counts_and_places_come_first() -> None:
    text = digested(a_row(), a_row(status="failed", error="gone"))
    assert text.startswith("**1 of 2 pairs have their picture** (1 completed, 1 failed)")
    assert "- `/out/report.html`\n- `s3://bucket/out/results.csv`" in text


def test_pictures_are_small_and_in_the_text() -> None:
    text = digested(a_row())
    [content, result] = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)">', text)
    for data in (content, result):
        assert decode(base64.b64decode(data)).shape == (144, 192, 3)
    assert "data:image/png;base64," in text


def test_tables_have_room_around_their_cells() -> None:
    text = digested(a_row(), a_row(status="failed", error="gone"))
    assert text.count('<table cellpadding="8"><tr><th align="left">pair</th>') == text.count("<table") == 2


def test_a_large_batch_has_a_digest_that_a_server_takes() -> None:
    rows = [a_row(pair=f"p{number}") for number in range(40)]
    failed = [a_row(pair=f"f{number}", status="failed", error="cannot be read " * 20) for number in range(200)]
    text = digested(*rows, *failed)
    assert text.count("<tr><td>") == MOST_PICTURES + MOST_FAILURES
    assert f"and {200 - MOST_FAILURES} more" in text
    assert len(text.encode()) < 1_000_000


def test_a_batch_of_failures_alone_has_no_pictures() -> None:
    text = digested(a_row(status="failed", error="'a_b.jpg' cannot be read"))
    assert "## Pictures" not in text
    assert "## Total loss" not in text
    assert "&#39;a&#95;b&#46;jpg&#39; cannot be read" in text.replace("&#x27;", "&#39;")


@pytest.mark.parametrize(
    "name", ["<script>x</script>", "a|b", "![x](http://a/b.png)", "*bold*", "line\nbreak", "`code`"]
)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    text = digested(replace(a_row(), pair=name), a_row(pair=name, status="failed", error=name))
    assert name not in text
    assert "<script" not in text


def test_a_key_is_the_same_night_after_night_and_another_for_another_output() -> None:
    assert artifact_key("/data/Out put", "pictures") == artifact_key("/data/Out put", "pictures")
    assert artifact_key("/data/Out put", "pictures") != artifact_key("/else/Out put", "pictures")
    for output in ("/data/Out put", "s3://bucket", "/", "/ünï/日本"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", artifact_key(output, "pictures"))
