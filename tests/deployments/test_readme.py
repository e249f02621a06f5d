"""What the README of the deployments tells to type is there to be typed."""

import re
import shlex

import pytest
from click import Command

from flows.batch import stylize_batch
from flows.cli import cli
from flows.nightly import NAME
from tests.deployments.manifests import DEPLOYMENTS, read_yaml, text

README = text("README.md")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
ENTRIES = read_yaml("prefect.yaml")["deployments"]


def words_after(program: str) -> list[list[str]]:
    """The arguments of each call of a program."""
    return [shlex.split(line.partition(f"{program} ")[2]) for line in LINES if f"{program} " in line]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"deployments/[\w./-]+\w", "\n".join(LINES)))))
def test_files_that_are_named_are_there(path: str) -> None:
    assert (DEPLOYMENTS.parent / path).is_file()


@pytest.mark.parametrize("words", [*words_after("nightbrush serve"), *words_after("nightbrush:cpu nightbrush run")])
def test_options_are_those_of_the_command(words: list[str]) -> None:
    command: Command = cli.commands["serve" if "--cron" in words else "run"]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_pools_are_those_of_the_deployments() -> None:
    named = {words[0] for words in words_after("prefect work-pool create")}
    named |= {words[words.index("--pool") + 1] for words in words_after("prefect worker start")}
    assert named == {entry["work_pool"]["name"] for entry in ENTRIES}


def test_deployments_that_are_run_exist() -> None:
    known = {f"{stylize_batch.name}/{name}" for name in (NAME, "nightly")}
    assert {words[0] for words in words_after("prefect deployment run")} == known


def test_what_is_replaced_is_in_the_file() -> None:
    for words in words_after("sed"):
        pattern, file = re.split(r"[/#]", words[0])[1], words[1]
        assert pattern in (DEPLOYMENTS.parent / file).read_text(encoding="utf-8")


def test_the_program_for_the_block_is_python() -> None:
    program = re.search(r"python -c '(.*?)'", README, re.DOTALL)
    assert program is not None
    compile(program[1], "README.md", "exec")
