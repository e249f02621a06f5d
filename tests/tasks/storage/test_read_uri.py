"""What lies at an address, read without a storage at hand."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tasks.storage import StorageError, is_path, read_uri
from tasks.storage.local import LocalStorage
from tests.tasks.storage.contract import AWKWARD


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the current folder, which is the home too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "100% a b.png"
    path.write_bytes(b"data")
    return path


@pytest.mark.parametrize("uri", ["{}", "./{}", "deep/../{}", "~/{}"])
def test_reads_a_path(picture: Path, uri: str) -> None:
    (picture.parent / "deep").mkdir()
    assert read_uri(str(picture)) == b"data"
    assert read_uri(uri.format(picture.name)) == b"data"


@pytest.mark.usefixtures("picture")
def test_reads_a_file_of_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []
    monkeypatch.setattr(LocalStorage, "read", lambda self, key: read.append((self.uri(), key)) or b"data")
    assert (read_uri("/a b.png"), read_uri("file:///a%20b.png")) == (b"data", b"data")
    assert read == [("/", "a b.png")] * 2


def test_reads_a_file_uri_whose_every_part_is_quoted(picture: Path) -> None:
    for name in AWKWARD:
        path = picture.parent / "a b" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
        assert read_uri(f"file://{quote(str(path))}") == name.encode()


def test_follows_links_wherever_they_lead(picture: Path) -> None:
    link = picture.parent / "links" / "link.png"
    link.parent.mkdir()
    link.symlink_to(picture)
    assert read_uri(str(link)) == b"data"
    assert read_uri(LocalStorage(picture.parent).uri("links/link.png")) == b"data"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "name a folder"),
        ("a\0.png", "name a folder"),
        ("absent.png", "absent.png' does not exist; check its name"),
        (".", "does not exist; check its name"),
        ("/", "key '' is not allowed"),
        ("\ud800.png", "has no name that a file can have here; rename it"),
        ("file://a.png", "use file:///absolute/path"),
        ("https://a.png", "unknown scheme 'https'"),
        ("https://host/a.png?signature=0123", "unknown scheme 'https'"),
        ("s3://bucket", "key '' is not allowed"),
        ("s3://bucket/", "key '' is not allowed"),
        ("s3://bucket/a//b.png", "key 'a//b.png' is not allowed"),
        ("s3:///a.png", "is no bucket's address"),
    ],
)
@pytest.mark.usefixtures("picture")
def test_refuses_what_names_no_file(uri: str, reason: str) -> None:
    with pytest.raises(StorageError) as caught:
        read_uri(uri)
    assert reason in str(caught.value)
    assert "0123" not in str(caught.value)


def test_tells_paths_from_uris() -> None:
    assert all(map(is_path, ("a.png", "/a/b.png", "~/a.png", "c:a.png", "")))
    assert not any(map(is_path, ("file:///a.png", "s3://bucket/a.png", "https://host/a.png")))


def test_a_ring_of_links_is_no_file(picture: Path) -> None:
    (picture.parent / "ring.png").symlink_to("ring.png")
    with pytest.raises(StorageError, match="does not exist"):
        read_uri("ring.png")
