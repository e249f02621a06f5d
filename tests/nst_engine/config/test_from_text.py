from typing import Any

import pytest

from nst_engine.config.from_text import parse_field


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("side", "1024", 1024),
        ("side", "None", None),
        ("levels", "auto", "auto"),
        ("levels", "3", 3),
        ("style_weight", "2", 2.0),
        ("tv_weight", "1e-3", 0.001),
        ("style_layers", "a, b:0.5", ("a", "b:0.5")),
        ("style_layers", "none", None),
        ("smoothing", "none", "none"),
        ("preserve_color", "none", "none"),
        ("deterministic", "True", True),
        ("deterministic", "yes", "yes"),
        ("seed", "none", "none"),
        ("seed", "1.5", "1.5"),
        ("init", "5", "5"),
        ("no such field", "5", "5"),
    ],
)
def test_a_text_becomes_the_kind_of_its_field_or_stays_a_text(name: str, text: str, value: Any) -> None:
    found = parse_field(name, text)
    assert found == value
    assert type(found) is type(value)
