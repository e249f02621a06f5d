import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine.config import TransferConfig, releases
from nst_engine.config.releases import Release
from tasks.records.fingerprint import Identity, identify
from tests.tasks.kept import AT_FIRST, FIRST
from tests.tasks.ledger import CONFIG

FILES = {"i.png": "i", "b.png": "b"}
WEIGHTS = {"content_weight": 1.0, "style_weight": 0.03, "tv_weight": 0.01}
"""Those that the first release takes where a configuration leaves them out."""


def an_identity(config: TransferConfig = CONFIG, **changes: Any) -> Identity:
    parts = {"content_sha256": "c", "style_sha256": "s", "weights_sha256": "w", "files_sha256": {}}
    return Identity(config=config, **(parts | changes))


def a_fingerprint(config: TransferConfig = CONFIG, **changes: Any) -> str:
    return an_identity(config, **changes).fingerprint


def test_a_fingerprint_is_a_sha256_that_stays() -> None:
    assert a_fingerprint() == a_fingerprint(CONFIG.replace())
    assert len(a_fingerprint()) == 64
    assert int(a_fingerprint(), 16) >= 0


@pytest.mark.parametrize("part", ["content_sha256", "style_sha256", "weights_sha256"])
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


@pytest.mark.parametrize("field", ["record_every", "snapshot_every"])
@pytest.mark.parametrize("watched", [{"balance": 1.0}, {"tolerance": 0.01}], ids=str)
def test_how_often_losses_are_kept_counts_where_something_is_decided_then(field: str, watched: dict[str, Any]) -> None:
    config = CONFIG.replace(**watched)
    assert a_fingerprint(config.replace(**{field: 3})) != a_fingerprint(config)


def test_how_often_losses_were_kept_is_known_of_the_first_release_too(monkeypatch: pytest.MonkeyPatch) -> None:
    config = OLD.replace(balance=1.0, record_every=3)
    for now in (shared, weighed):
        now(monkeypatch)
        recorded = first_form(config), config.to_dict()
        assert an_identity(config.replace(**WEIGHTS)).is_of(*recorded)
        assert not an_identity(config.replace(record_every=4, **WEIGHTS)).is_of(*recorded)


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


# from release to release


@pytest.mark.parametrize(
    ("chosen", "fingerprint"),
    [
        ({}, "9d5bce9e53bdb64f797893792e3937dd0718391ad89403834545ab58c2da7f91"),
        (
            {"backbone": "tiny", "weights": "random", "side": 16, "levels": 1, "iterations": 4},
            "13a7d9275eafa96ab5acdae4c1315855f474c9c2af67826b8d25761a4cfbf593",
        ),
        (
            {
                "formulation": "share",
                "content_weight": 1,
                "style_weight": 30.0,
                "tv_weight": 0.0005,
                "content_layers": ("block4_conv2",),
                "learning_rate": 1.0,
                "smoothing": "none",
                "deterministic": True,
            },
            "16bbcaf6e29b1467022a71bd4710e14d05be4dfd5fa7ab54bccb71869c0910d7",
        ),
        (
            {
                "init": "i.png",
                "blend": ("b.png:2",),
                "content_masks": ("i.png", "i.png"),
                "record_every": 1,
                "snapshot_every": 3,
            },
            "4cd0ecce5506e9c3bb04ba316ba704e49efabc59fc2abc7fc9f8e5904f9bb584",
        ),
    ],
    ids=["defaults", "choices", "all named", "files"],
)
def test_the_fingerprints_of_the_first_release_stay(
    chosen: dict[str, Any], fingerprint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "RELEASES", (FIRST, AT_FIRST))
    assert a_fingerprint(TransferConfig.from_dict(FIRST.fields | chosen), files_sha256=FILES) == fingerprint


IDLE = {"record_every", "snapshot_every", "weights"}


def first_form(config: TransferConfig) -> str:
    """The fingerprint as version 0.1.0 took it: of every field, and of its version."""
    named = config.with_files(lambda path: f"{FILES[path]}.sha256").to_dict()
    settings = {name: value for name, value in named.items() if name in FIRST.fields.keys() - IDLE}
    numbers = {name: float(value) if isinstance(value, int) else value for name, value in settings.items()}
    whole = {"content": "c", "style": "s", "config": numbers, "weights": "w", "engine": "0.1.0"}
    return sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


weights = st.none() | st.integers(1, 99) | st.floats(0.01, 99)
any_config = st.fixed_dictionaries(
    {},
    optional={
        "backbone": st.sampled_from(["vgg16", "vgg19"]),
        "formulation": st.sampled_from(["mean", "share"]),
        "content_layers": st.none() | st.sampled_from([["block4_conv2"], ["block1_conv1", "block4_conv2:2"]]),
        "smoothing": st.sampled_from([None, "none", "softmax"]),
        **dict.fromkeys(WEIGHTS, weights),
        "style_scale": st.floats(0.1, 2),
        "side": st.none() | st.integers(64, 4096),
        "init": st.sampled_from(["content", "noise", "i.png"]),
        "blend": st.sampled_from([None, ("b.png",), ("b.png:0.5", "i.png")]),
        "learning_rate": weights,
        "levels": st.just("auto") | st.integers(1, 3),
        "deterministic": st.booleans(),
        "format": st.sampled_from(["png", "jpg"]),
        "record_every": st.integers(0, 20),
    },
)


@given(any_config)
def test_no_fingerprint_of_the_first_release_is_another_one_now(chosen: dict[str, Any]) -> None:
    config = TransferConfig.from_dict(FIRST.fields | chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "RELEASES", (FIRST, replace(AT_FIRST, fields=AT_FIRST.fields | {"iterations": 60})))
        assert a_fingerprint(config, files_sha256=FILES) == first_form(config)


OLD = TransferConfig.from_dict(FIRST.fields | {"side": 64})
NEW = OLD.replace(formulation="share")
"""The same choices under the defaults of two releases."""


def release(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Make a release that differs from the first in this."""
    monkeypatch.setattr(releases, "RELEASES", (FIRST, replace(AT_FIRST, **changes)))


def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a release whose default is `formulation=share`."""
    release(monkeypatch, fields=AT_FIRST.fields | {"formulation": "share"})


def weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a release in which the style of means weighs more."""
    gram = {("gram", "mean"): WEIGHTS | {"style_weight": 0.05}}
    release(monkeypatch, losses=AT_FIRST.losses | gram)


def made(config: TransferConfig, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """What the sidecar of a picture of the first release records."""
    with monkeypatch.context() as patch:
        patch.setattr(releases, "RELEASES", (FIRST, AT_FIRST))
        return a_fingerprint(config), config.to_dict()


def test_a_new_version_and_a_new_field_at_its_default_change_no_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, to_dict = made(OLD, monkeypatch), TransferConfig.to_dict
    release(monkeypatch, fields=AT_FIRST.fields | {"novel": 3})
    monkeypatch.setattr("nst_engine.version.__version__", "0.2.0")
    monkeypatch.setattr(TransferConfig, "to_dict", lambda config: to_dict(config) | {"novel": 3})
    assert a_fingerprint(OLD) == recorded[0]
    assert not an_identity(OLD).has_changed
    monkeypatch.setattr(TransferConfig, "to_dict", lambda config: to_dict(config) | {"novel": 4})
    assert a_fingerprint(OLD) != recorded[0]


def test_a_raised_recipe_makes_every_picture_older(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = made(OLD, monkeypatch)
    release(monkeypatch, recipe=2)
    identity = an_identity(OLD)
    assert identity.has_changed
    assert not identity.is_of(*recorded)
    assert identity.earlier_release(*recorded) is FIRST


def test_a_recipe_that_is_raised_for_a_value_makes_older_what_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    coral = OLD.replace(preserve_color="coral")
    recorded, others = made(coral, monkeypatch), made(OLD, monkeypatch)
    release(monkeypatch, recipes={("preserve_color", "coral"): 2})
    identity = an_identity(coral)
    assert identity.has_changed
    assert not identity.is_of(*recorded)
    assert identity.earlier_release(*recorded) is FIRST
    assert a_fingerprint(OLD) == others[0]
    assert not an_identity(OLD).has_changed


def test_a_changed_default_makes_older_what_left_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = made(OLD, monkeypatch)
    shared(monkeypatch)
    identity = an_identity(NEW)
    assert identity.has_changed
    assert not identity.is_of(*recorded)
    assert identity.earlier_release(*recorded) is FIRST
    assert an_identity(NEW, content_sha256="other").earlier_release(*recorded) is None
    assert an_identity(NEW.replace(side=65)).earlier_release(*recorded) is None


def test_a_changed_default_leaves_alone_what_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = made(OLD, monkeypatch), made(NEW, monkeypatch)
    shared(monkeypatch)
    for config, recorded in ((OLD, old), (NEW, new)):
        assert an_identity(config).is_of(*recorded)
        assert an_identity(config).earlier_release(*recorded) is None
    assert not an_identity(OLD).has_changed


def test_a_weight_that_changed_makes_older_what_left_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    left_out, named = made(OLD, monkeypatch), made(OLD.replace(style_weight=0.05), monkeypatch)
    weighed(monkeypatch)
    assert an_identity(OLD).earlier_release(*left_out) is FIRST
    assert an_identity(OLD).is_of(*named)
    assert a_fingerprint(OLD) == a_fingerprint(OLD.replace(style_weight=0.05)) != left_out[0]


PACKAGED = OLD.replace(backbone="vgg16", weights="packaged")


def with_packaged(sha256: str) -> Release:
    """A release whose packaged VGG16 has this hash."""
    return replace(AT_FIRST, packaged={"vgg16": sha256})


@pytest.mark.parametrize("config", [PACKAGED, PACKAGED.replace(formulation="share")], ids=["means", "shares"])
def test_packaged_weights_that_changed_make_older_what_was_made_with_the_others(
    config: TransferConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = with_packaged("former")
    monkeypatch.setattr(releases, "RELEASES", (then,))
    recorded = a_fingerprint(config, weights_sha256="former"), config.to_dict()
    monkeypatch.setattr(releases, "RELEASES", (then, with_packaged("w")))
    identity = an_identity(config)
    assert identity.has_changed
    assert not identity.is_of(*recorded)
    assert identity.earlier_release(*recorded) is then
    assert identity.is_of(identity.fingerprint, config.to_dict())


@pytest.mark.parametrize("changes", [{"weights": "imagenet"}, {"weights": "own.h5"}, {"backbone": "resnet50"}])
def test_no_other_weights_are_older_for_it(changes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "RELEASES", (with_packaged("former"), with_packaged("w")))
    config = PACKAGED.replace(**changes)
    assert not an_identity(config).has_changed
    assert an_identity(config).earlier_release(a_fingerprint(config, weights_sha256="former"), config.to_dict()) is None


def test_an_earlier_weight_that_is_named_keeps_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = made(OLD, monkeypatch)
    weighed(monkeypatch)
    assert an_identity(OLD.replace(style_weight=0.03)).is_of(*recorded)
    assert not an_identity(OLD.replace(style_weight=0.03, tv_weight=0.5)).is_of(*recorded)


def test_a_layer_a_rate_and_a_smoothing_that_are_named_are_those_that_were_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = made(OLD, monkeypatch)
    for now in (shared, weighed):
        now(monkeypatch)
        named = OLD.replace(content_layers=("block4_conv2",), learning_rate=1, smoothing="none", **WEIGHTS)
        assert an_identity(named).is_of(*recorded)
        assert not an_identity(named.replace(learning_rate=2.0)).is_of(*recorded)


@given(st.sets(st.sampled_from([*WEIGHTS])), st.sets(st.sampled_from([*WEIGHTS])))
def test_weights_count_by_what_they_are_and_not_by_who_says_them(here: set[str], there: set[str]) -> None:
    one, other = (OLD.replace(**{name: WEIGHTS[name] for name in named}) for named in (here, there))
    with pytest.MonkeyPatch.context() as patch:
        recorded = made(one, patch)
        weighed(patch)
        names_the_style = other.style_weight is not None
        assert an_identity(other).is_of(*recorded) == names_the_style
        assert (an_identity(other).earlier_release(*recorded) is FIRST) != names_the_style


def test_a_network_of_ones_own_keeps_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = made(CONFIG, monkeypatch)
    for known in (FIRST.backbones, {}):
        monkeypatch.setattr(releases, "RELEASES", tuple(replace(it, backbones=known) for it in (FIRST, AT_FIRST)))
        assert a_fingerprint(CONFIG) == recorded[0]


def test_files_and_weights_are_hashed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("i.png", "b.png"):
        (tmp_path / name).write_bytes(name.encode())
    found = identify(CONFIG.replace(init="i.png", blend=("b.png:2",)), "c", "s")
    assert found.files_sha256.keys() == {"i.png", "b.png"}
    assert len({*found.files_sha256.values(), found.weights_sha256}) == 3
