from typing import Any

import pytest

from nst_engine.config import TransferConfig
from tasks.records.fingerprint import fingerprint
from tests.tasks.ledger import CONFIG


def a_fingerprint(config: TransferConfig = CONFIG, **changes: Any) -> str:
    parts = {"content_sha256": "c", "style_sha256": "s", "weights_sha256": "w", "engine_version": "0.1.0"}
    parts["files_sha256"] = {}
    return fingerprint(config=config, **(parts | changes))


def test_a_fingerprint_is_a_sha256_that_stays() -> None:
    assert a_fingerprint() == a_fingerprint(CONFIG.replace())
    assert len(a_fingerprint()) == 64
    assert int(a_fingerprint(), 16) >= 0


@pytest.mark.parametrize("part", ["content_sha256", "style_sha256", "weights_sha256", "engine_version"])
def test_a_fingerprint_changes_with_each_part(part: str) -> None:
    assert a_fingerprint(CONFIG, **{part: "other"}) != a_fingerprint()


def test_contents_and_styles_do_not_stand_for_one_another() -> None:
    assert a_fingerprint(content_sha256="s", style_sha256="c") != a_fingerprint()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backbone", "vgg16"),
        ("content_layers", ["block1_conv1"]),
        ("style_layers", ["block1_conv1:1"]),
        ("pooling", "average"),
        ("formulation", "gatys"),
        ("content_weight", 0.5),
        ("style_weight", 0.5),
        ("tv_weight", 0.5),
        ("side", 256),
        ("init", "noise"),
        ("learning_rate", 0.5),
        ("iterations", 7),
        ("precision", "float32"),
        ("format", "webp"),
        ("quality", 50),
        ("seed", 1),
    ],
)
def test_a_fingerprint_changes_with_what_changes_the_file(field: str, value: Any) -> None:
    config = CONFIG.replace(style_layers=None)
    assert a_fingerprint(config.replace(**{field: value})) != a_fingerprint(config)


@pytest.mark.parametrize("field", ["record_every", "snapshot_every"])
def test_a_fingerprint_does_not_change_with_how_often_losses_and_pictures_are_kept(field: str) -> None:
    assert a_fingerprint(CONFIG.replace(**{field: 1})) == a_fingerprint()


def test_weights_count_by_their_hash_and_not_by_their_path() -> None:
    here, there = CONFIG.replace(weights="/a/w.h5"), CONFIG.replace(weights="/b/w.h5")
    assert a_fingerprint(here) == a_fingerprint(there)
    assert a_fingerprint(here) != a_fingerprint(here, weights_sha256="other")


def test_files_count_by_their_hashes_and_not_by_their_paths() -> None:
    here = CONFIG.replace(init="a/i.png", blend=("a/b.png:2",))
    there = CONFIG.replace(init="/c/i.png", blend=("/c/b.png:2",))
    of_here = a_fingerprint(here, files_sha256={"a/i.png": "i", "a/b.png": "b"})
    assert a_fingerprint(there, files_sha256={"/c/i.png": "i", "/c/b.png": "b"}) == of_here
    assert a_fingerprint(here, files_sha256={"a/i.png": "other", "a/b.png": "b"}) != of_here
    assert a_fingerprint(here, files_sha256={"a/i.png": "b", "a/b.png": "i"}) != of_here
    weighed = here.replace(blend=("a/b.png:3",))
    assert a_fingerprint(weighed, files_sha256={"a/i.png": "i", "a/b.png": "b"}) != of_here


def test_equal_configurations_have_equal_fingerprints() -> None:
    whole, broken = CONFIG.replace(content_weight=1), CONFIG.replace(content_weight=1.0)
    assert whole == broken
    assert a_fingerprint(whole) == a_fingerprint(broken)


def test_the_order_of_the_fields_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before, fields = a_fingerprint(), TransferConfig.to_dict
    monkeypatch.setattr(TransferConfig, "to_dict", lambda config: dict(reversed(fields(config).items())))
    assert a_fingerprint() == before
