"""The image and the composed machine without a container: by their linters, and by what linters leave open."""

import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.deployments.manifests import DEPLOYMENTS, is_pinned, read_yaml, text

DOCKERFILE = text("docker", "Dockerfile")
COMPOSE = read_yaml("docker", "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROOT = DEPLOYMENTS.parent


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def stages() -> dict[str, str]:
    """The text of each stage, by its name."""
    found = re.split(r"^FROM (\S+) AS (\S+)\n", DOCKERFILE, flags=re.MULTILINE)[1:]
    return dict(zip(found[1::3], found[2::3], strict=True))


def foundation(stage: str) -> list[str]:
    """A stage and those that it stands on, from the last to the first."""
    sources = {name: source for source, name in re.findall(r"^FROM (\S+) AS (\S+)", DOCKERFILE, re.MULTILINE)}
    return [stage, *foundation(sources[stage])] if sources.get(stage) in sources else [stage]


def locked(*parts: str) -> dict[str, str]:
    """The versions that a lock pins, each with a hash."""
    return dict(
        re.findall(r"^([\w.-]+)==(\S+)[^\n]*\\\n    --hash=sha256:", ROOT.joinpath(*parts).read_text(), re.MULTILINE)
    )


def test_hadolint_finds_nothing() -> None:
    linter = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert linter is not None
    linted = subprocess.run(  # noqa: S603 - ours
        [linter, DEPLOYMENTS / "docker" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_the_compose_specification_allows_it(name: str) -> None:
    program = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run(  # noqa: S603 - ourselves
        [*program, DEPLOYMENTS / "docker" / name], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_an_image_runs_as_no_one_in_particular(target: str) -> None:
    users = [user for stage in foundation(target) for user in re.findall(r"^USER (\S+)", stages()[stage], re.MULTILINE)]
    assert users == ["10001"]


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_an_image_tells_whether_it_is_healthy(target: str) -> None:
    assert any("HEALTHCHECK" in stages()[stage] for stage in foundation(target))


def test_images_are_built_on_versions() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages().keys()
    assert len(bases) == 2
    assert all(map(is_pinned, bases))


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    sources = chain.from_iterable(
        line.split()[:-1] for line in re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE, re.MULTILINE)
    )
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for source in sources if not source.endswith("gpu.lock")}
    assert copied | {"deployments/docker/gpu.lock"} == allowed
    assert all((ROOT / path).exists() for path in allowed)


def test_everything_is_installed_by_its_hash() -> None:
    installs = re.findall(r"uv pip install(.*(?:\\\n.*)*)", DOCKERFILE)
    assert len(installs) == 3
    assert all("constraint requirements.lock" in install for install in installs)


def test_the_lock_for_gpus_goes_with_the_other() -> None:
    gpu, cpu = locked("deployments", "docker", "gpu.lock"), locked("requirements.lock")
    assert "tensorflow" in cpu
    assert gpu
    assert all(name.startswith("nvidia-") for name in gpu)
    assert not gpu.keys() & cpu.keys()


def test_images_have_versions(service: dict[str, Any]) -> None:
    assert is_pinned(service["image"])


def test_pages_are_reached_from_this_machine_only(service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_others_wait_for_is_there_and_can_be_waited_for(service: dict[str, Any]) -> None:
    for name, condition in service.get("depends_on", {}).items():
        awaited = SERVICES[name]
        match condition["condition"]:
            case "service_healthy":
                assert awaited["healthcheck"]["test"]
            case "service_completed_successfully":
                assert awaited["restart"] == "no"
            case other:
                pytest.fail(f"{other} tells nothing of {name}")


def test_what_a_service_uses_is_declared(service: dict[str, Any]) -> None:
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
    assert {config["source"] for config in service.get("configs", [])} <= COMPOSE["configs"].keys()


def test_files_that_are_mounted_are_there() -> None:
    assert all((DEPLOYMENTS / "docker" / config["file"]).is_file() for config in COMPOSE["configs"].values())


def test_our_own_containers_have_no_rights_to_spare(service: dict[str, Any]) -> None:
    if service["image"].startswith("nightbrush:"):
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service


def test_no_secret_stands_in_a_file(service: dict[str, Any]) -> None:
    variables = {
        name: value for name, value in service.get("environment", {}).items() if "PASSWORD" in name or "SECRET" in name
    }
    assert all(name.endswith("_FILE") and value.startswith("/run/secrets/") for name, value in variables.items())


def test_a_command_is_named_wherever_the_entrypoint_hides_the_images_own(service: dict[str, Any]) -> None:
    assert ("entrypoint" in service) <= ("command" in service)


def test_pools_and_deployments_are_those_of_the_deployments() -> None:
    entries = read_yaml("prefect.yaml")["deployments"]
    setup = "\n".join(SERVICES["setup"]["command"])
    assert set(re.findall(r"work-pool create (\S+)", setup)) == {entry["work_pool"]["name"] for entry in entries}
    assert set(re.findall(r"--name (\S+)", setup)) == {entry["name"] for entry in entries}
    served = {SERVICES[name]["command"][4] for name in ("worker", "shards")}
    assert served == {entry["work_pool"]["name"] for entry in entries}
