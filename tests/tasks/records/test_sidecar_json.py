import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_engine.transfer.result import Status
from tasks.records.row import COLUMNS, ManifestRow
from tasks.records.sidecar import ManifestError, Sidecar
from tests.tasks.ledger import a_sidecar

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=12)
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(),
    str | None: st.none() | texts,
    int | None: st.none() | st.integers(),
    float | None: st.none() | finite,
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
rows = st.builds(
    ManifestRow,
    **{name: KINDS[hint] for name, hint in get_type_hints(ManifestRow).items() if name != "status"},
    status=st.sampled_from([status.value for status in Status]),
)
any_sidecar = st.builds(
    Sidecar,
    row=rows,
    config=st.dictionaries(texts, values, max_size=3),
    weights_sha256=texts,
    history=st.lists(st.dictionaries(texts, values, max_size=3), max_size=3).map(tuple),
    versions=st.dictionaries(texts, texts, max_size=3),
    etags=st.dictionaries(texts, texts, max_size=3),
    recipe=st.integers(),
)


@given(any_sidecar)
def test_a_sidecar_survives_its_json(sidecar: Sidecar) -> None:
    assert Sidecar.from_json(sidecar.to_json()) == sidecar


def test_the_json_is_for_people_and_stable() -> None:
    data = a_sidecar(pair="søster--vågen").to_json()
    lines = data.decode().splitlines()
    assert lines[:4] == ["{", '  "schema": 2,', '  "row": {', '    "run_id": "run-1",']
    assert '    "pair": "søster--vågen",' in lines
    assert data.endswith(b"\n}\n")
    assert list(json.loads(data)) == ["schema", *(field.name for field in fields(Sidecar))]
    assert list(json.loads(data)["row"]) == list(COLUMNS)
    assert Sidecar.from_json(data).to_json() == data


def test_numbers_that_are_not_finite_become_null() -> None:
    sidecar = replace(a_sidecar(total_loss=math.nan), history=({"total": math.inf, "losses": [-math.inf, 1.0]},))
    back = Sidecar.from_json(sidecar.to_json())
    assert back.row.total_loss is None
    assert back.history == ({"total": None, "losses": [None, 1.0]},)


def test_a_name_that_is_not_utf8_survives() -> None:
    sidecar = a_sidecar(content="/photos/caf\udce9.jpg")
    assert Sidecar.from_json(sidecar.to_json()) == sidecar


def test_whole_numbers_may_stand_for_seconds() -> None:
    data = a_sidecar().to_json().replace(b'"total_loss": 1.5', b'"total_loss": 2')
    assert Sidecar.from_json(data).row.total_loss == 2


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    values = json.loads(a_sidecar().to_json())
    edit(values)
    return json.dumps(values).encode()


def test_fields_of_a_later_version_are_left_out() -> None:
    later = {"schema": 99, "note": {"mine": 1}}
    data = edited(lambda it: it.update(later) or it["row"].update(loss=[1.0]))
    assert Sidecar.from_json(data) == a_sidecar()


def test_what_an_earlier_version_did_not_write_has_its_default() -> None:
    data = edited(lambda it: [it.pop(name) for name in ("schema", "recipe")] + [it["row"].pop("tv_loss")])
    assert Sidecar.from_json(data) == a_sidecar(tv_loss=None)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not JSON"),
        (a_sidecar().to_json()[:-20], "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"row": NaN}', "not JSON: NaN is not allowed"),
        (b"[1, 2]", r"sidecar is \[1, 2\], not an object"),
        (b"{}", "sidecar lacks 'config', 'etags', 'history', 'row', 'versions', 'weights_sha256'"),
        (edited(lambda it: it.update(row=None)), "sidecar.row is None, not an object"),
        (edited(lambda it: it.update(history={})), "sidecar.history is {}, not a list"),
        (edited(lambda it: it["history"].append(7)), "history holds 7, not an object"),
        (edited(lambda it: it["versions"].update(keras=3)), "versions holds 3, not text"),
        (edited(lambda it: it["row"].pop("seed")), "row lacks 'seed'"),
        (edited(lambda it: it.update(recipe="two")), "sidecar.recipe is 'two', not a whole number"),
        (edited(lambda it: it["row"].update(seed=None)), "row.seed is None, not a whole number"),
        (edited(lambda it: it["row"].update(seed=True)), "row.seed is True, not a whole number"),
        (edited(lambda it: it["row"].update(width=1.5)), "row.width is 1.5, not a whole number or null"),
        (edited(lambda it: it["row"].update(tv_loss="low")), "row.tv_loss is 'low', not a number or null"),
        (edited(lambda it: it["row"].update(status="odd")), "row.status is 'odd'; allowed is completed, converged,"),
    ],
)
def test_refuses_damaged_or_foreign_json(data: bytes, text: str) -> None:
    with pytest.raises(ManifestError, match=text) as caught:
        Sidecar.from_json(data)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=64) | values.map(lambda value: json.dumps(value).encode()))
def test_any_other_bytes_are_refused_with_our_error(data: bytes) -> None:
    with pytest.raises(ManifestError):
        Sidecar.from_json(data)


def test_a_byte_order_mark_that_an_editor_has_put_there_is_no_damage() -> None:
    sidecar = a_sidecar()
    assert Sidecar.from_json(b"\xef\xbb\xbf" + sidecar.to_json()) == sidecar
