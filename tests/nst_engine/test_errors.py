import pytest

from nst_engine import ConfigError, ImageError, NightbrushError, TransferError, WeightsError
from nst_engine.errors import listed


@pytest.mark.parametrize("kind", [ConfigError, ImageError, WeightsError, TransferError])
def test_every_error_can_be_caught_as_one_of_nightbrush(kind: type[Exception]) -> None:
    assert issubclass(kind, NightbrushError)


def test_a_configuration_error_is_a_value_error_too() -> None:
    assert issubclass(ConfigError, ValueError)


@pytest.mark.parametrize(("names", "phrase"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")])
def test_lists_names_as_a_phrase(names: list[str], phrase: str) -> None:
    assert listed(iter(names)) == phrase
    assert listed(names, "and") == phrase.replace("or", "and")
