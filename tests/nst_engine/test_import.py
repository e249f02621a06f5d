"""What importing the engine loads, seen from a fresh interpreter."""

import json
import sys
from subprocess import run

import pytest

import nst_engine

HEAVY = ("tensorflow", "keras", "prefect", "boto3", "pydantic")
PLAIN = [
    "nst_engine",
    "nst_engine.config",
    "nst_engine.result",
    "nst_engine.images",
    "nst_engine.weights",
    "nst_engine.precision",
    "nst_engine.pyramid",
    "nst_engine.backbones.registry",
    "nst_engine.optimizers.registry",
]


def loaded_by(statement: str, *watched: str) -> list[str]:
    """Which of the watched modules a statement loads."""
    code = f"import json, sys; {statement}; print(json.dumps([m for m in {watched!r} if m in sys.modules]))"
    done = run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    modules: list[str] = json.loads(done.stdout)
    return modules


@pytest.mark.parametrize("module", PLAIN)
def test_a_plain_module_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}", *HEAVY) == []


def test_making_a_configuration_loads_nothing_heavy() -> None:
    statement = "from nst_engine import TransferConfig as C; C(backbone='tiny', weights='random').to_dict()"
    assert loaded_by(statement, *HEAVY) == []


def test_the_engine_itself_loads_tensorflow_and_no_part_of_the_pipeline() -> None:
    watched = (*HEAVY, "tasks", "flows")
    assert loaded_by("from nst_engine import StyleTransfer", *watched) == ["tensorflow", "keras"]


def test_loading_the_engine_writes_nothing() -> None:
    code = "from nst_engine import StyleTransfer"
    done = run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert (done.stdout, done.stderr) == ("", "")


def test_every_public_name_is_there() -> None:
    assert all(getattr(nst_engine, name) is not None for name in nst_engine.__all__)
    assert nst_engine.__version__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'nst_engine' has no attribute 'Stylist'"):
        nst_engine.Stylist  # noqa: B018 - asking for it is what is tested
