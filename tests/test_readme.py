"""The README says what is so: its code runs, its help is the program's, its tables name everything there is."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flows.cli import cli
from nst_engine import TransferConfig
from nst_engine.config.presets import PRESETS
from nst_engine.images import save

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    for name in ("content.jpg", "style.jpg"):
        save(generator.random((48, 64, 3), dtype=np.float32), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    examples = blocks("python")
    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102  # the README's own code
    assert (tmp_path / "out.png").exists()


def test_the_help_is_the_programs() -> None:
    shown = [block for block in blocks("text") if block.startswith("$ nightbrush ")]
    assert shown
    for block in shown:
        command, _, text = block.partition("\n")
        arguments = command.removeprefix("$ nightbrush ").split()
        result = CliRunner().invoke(cli, arguments, prog_name="nightbrush", terminal_width=100)
        assert text == result.output


def test_every_configuration_field_is_described_with_its_default() -> None:
    table = README.partition("## Configuration")[2].partition("\n## ")[0]
    for field in fields(TransferConfig):
        row = next(
            line for line in table.splitlines() if line.startswith("|") and f"`{field.name}`" in line.split("|")[1]
        )
        default = str(field.default).lower() if isinstance(field.default, bool | None) else str(field.default)
        assert default in row.rsplit("|", 2)[1], field.name


@pytest.mark.parametrize("name", [*cli.commands, *PRESETS])
def test_every_command_and_preset_is_named(name: str) -> None:
    assert name in README
