"""Finds results that are finished and need not be made again."""

from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import pytest

from nst_engine.config import releases
from tasks.records.existing import find_sidecar, is_finished, skipped_row
from tasks.records.fingerprint import identify
from tasks.records.sidecar import Sidecar, write_sidecar
from tasks.storage import Entry
from tasks.storage.memory import MemoryStorage
from tests.tasks.ledger import CONFIG, PAIR, a_row, a_sidecar

IDENTITY = identify(CONFIG, "c", "s")


def made(sidecar: Sidecar, picture: bytes = b"pixels") -> MemoryStorage:
    storage = MemoryStorage({PAIR.picture_key("png"): picture})
    write_sidecar(storage, PAIR.sidecar_key, sidecar)
    return storage


def is_complete(sidecar: Sidecar, picture: bytes = b"pixels", keep_older: bool = False, **changes: Any) -> bool:
    identity = replace(IDENTITY, **changes)
    return is_finished(made(sidecar, picture), PAIR, sidecar, identity, keep_older)


def of_pixels(**changes: Any) -> Sidecar:
    return a_sidecar(**{"fingerprint": IDENTITY.fingerprint, "output_sha256": sha256(b"pixels").hexdigest()} | changes)


@pytest.mark.parametrize("status", ["completed", "converged"])
def test_a_picture_of_the_same_fingerprint_is_finished(status: str) -> None:
    assert is_complete(of_pixels(status=status))


def test_a_picture_with_other_bytes_than_its_sidecar_says_is_not_finished() -> None:
    assert not is_complete(of_pixels(), b"others")


def test_a_picture_of_another_fingerprint_is_not_finished() -> None:
    assert not is_complete(of_pixels(), content_sha256="other")
    assert not is_complete(of_pixels(fingerprint=None))


def test_an_older_picture_is_finished_where_those_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = of_pixels()
    monkeypatch.setattr(releases, "RELEASES", (*releases.RELEASES, replace(releases.RELEASES[-1], recipe=99)))
    assert not is_complete(sidecar)
    assert is_complete(sidecar, keep_older=True)
    assert not is_complete(sidecar, keep_older=True, content_sha256="other")
    assert not is_complete(sidecar, b"others", keep_older=True)


def test_an_older_picture_may_have_the_format_that_was_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    last = releases.RELEASES[-1]
    webp = replace(last, fields=last.fields | {"format": "webp"})
    monkeypatch.setattr(releases, "RELEASES", (last, webp))
    sidecar, identity = of_pixels(), replace(IDENTITY, config=CONFIG.replace(format="webp"))
    assert is_finished(made(sidecar), PAIR, sidecar, identity, keep_older=True)
    row = skipped_row(sidecar, a_row(output="s3://b.c/out/tiny/lake--wave.webp"))
    assert row.output == "s3://b.c/out/tiny/lake--wave.png"


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_failed_or_skipped_pair_is_not_finished(status: str) -> None:
    assert not is_complete(of_pixels(status=status))


def test_a_sidecar_without_its_picture_is_not_finished() -> None:
    assert not is_complete(of_pixels(), picture=b"")
    assert not is_complete(of_pixels(output="/out/tiny/lake--wave.webp"))


class Tagged(MemoryStorage):
    """A storage with ETags, whose bytes must not be read."""

    def head(self, key: str) -> Entry | None:
        entry = super().head(key)
        return entry and replace(entry, etag="the tag of now")

    def read(self, key: str) -> bytes:
        raise AssertionError(f"{key} is not to be read")


def test_a_picture_whose_etag_is_in_the_sidecar_is_finished_without_being_read() -> None:
    sidecar = replace(of_pixels(), etags={"output": "the tag of now"})
    storage = Tagged({PAIR.picture_key("png"): b"pixels"})
    assert is_finished(storage, PAIR, sidecar, IDENTITY)
    with pytest.raises(AssertionError, match="not to be read"):
        is_finished(storage, PAIR, replace(sidecar, etags={"output": "an older tag"}), IDENTITY)


def test_finds_a_sidecar_that_is_there_and_whole() -> None:
    assert find_sidecar(MemoryStorage(), PAIR) is None
    assert find_sidecar(MemoryStorage({PAIR.sidecar_key: b"{"}), PAIR) is None
    assert find_sidecar(made(a_sidecar()), PAIR) == a_sidecar()


def test_a_skipped_row_has_this_runs_names_and_the_figures_of_the_run_that_made_it() -> None:
    sidecar = a_sidecar()
    names = {"run_id": "run-2", "pair": "c--s", "content": "new/c.jpg", "style": "new/s.jpg", "output": "new/o.png"}
    row = skipped_row(sidecar, a_row(**names, total_loss=None))
    assert asdict(row) == {**asdict(sidecar.row), **names, "status": "skipped"}
