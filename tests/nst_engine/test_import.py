"""Modules that an import of the engine loads, in a fresh interpreter."""

import json
import sys
from collections.abc import Sequence
from subprocess import run

import pytest

import nst_engine

HEAVY = ("tensorflow", "keras", "prefect", "boto3", "pydantic")
PLAIN = [
    "nst_engine",
    "nst_engine.config",
    "nst_engine.config.bounds",
    "nst_engine.transfer.result",
    "nst_engine.images",
    "nst_engine.backbones.weights",
    "nst_engine.backbones.packages",
    "nst_engine.hardware.precision",
    "nst_engine.transfer.sizes",
    "nst_engine.registry.backbones",
    "nst_engine.registry.losses",
    "nst_engine.registry.optimizers",
]


SCRIPT = """
import json, sys
for statement in json.loads(sys.argv[1]):
    exec(statement)
    print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


def loaded_by(statements: Sequence[str], watched: Sequence[str]) -> dict[str, list[str]]:
    """Which of the watched modules are loaded after each statement, in one fresh interpreter that writes no errors."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(statements), json.dumps(watched)]
    done = run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert done.stderr == ""
    return dict(zip(statements, map(json.loads, done.stdout.splitlines()), strict=True))


def test_neither_plain_modules_nor_a_configuration_load_anything_heavy() -> None:
    configuration = "from nst_engine import TransferConfig as C; C(backbone='tiny', weights='random').to_dict()"
    found = loaded_by([*(f"import {module}" for module in PLAIN), configuration], HEAVY)
    assert not any(found.values()), found


def test_the_engine_itself_loads_tensorflow_and_no_part_of_the_pipeline_and_writes_nothing() -> None:
    statement = "from nst_engine import StyleTransfer"
    assert loaded_by([statement], (*HEAVY, "tasks", "flows")) == {statement: ["tensorflow", "keras"]}


def test_every_public_name_is_there() -> None:
    assert all(getattr(nst_engine, name) is not None for name in nst_engine.__all__)
    assert nst_engine.__version__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'nst_engine' has no attribute 'Stylist'"):
        nst_engine.Stylist  # noqa: B018 - asking for it is what is tested
