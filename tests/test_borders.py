"""What loading a module brings with it. The contracts on imports stand in pyproject.toml, for import-linter."""

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

ROOT = Path(str(resources.files("tasks"))).parent
SHELLS = {"tasks.compare", "tasks.discover", "tasks.learn", "tasks.report", "tasks.stylize"}
BUCKETS = {"tasks.storage.s3", "tasks.storage.s3_credentials", "tasks.storage.s3_errors"}
HEAVY = {"boto3", "botocore", "flows", "keras", "prefect", "tensorflow"}


def modules(package: str) -> list[str]:
    """The names of all modules of a package."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]


def imported_by(package: str) -> set[str]:
    """The top-level packages that the source of a package imports, wherever in it."""
    nodes = [node for file in (ROOT / package).rglob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or package for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def loaded_by(*names: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing these modules."""
    program = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())  # noqa: S603 - ourselves


def test_the_plain_modules_of_tasks_load_nothing_heavy() -> None:
    plain = set(modules("tasks")) - SHELLS - BUCKETS
    assert "tasks.storage" in plain
    assert loaded_by(*plain) & HEAVY == set()


def test_the_storage_of_buckets_loads_boto3_and_nothing_else_heavy() -> None:
    assert loaded_by(*BUCKETS) & HEAVY == {"boto3", "botocore"}


def test_the_shells_of_tasks_load_prefect_and_neither_tensorflow_nor_flows() -> None:
    assert loaded_by(*SHELLS) & HEAVY == {"prefect"}


def test_the_command_line_loads_nothing_heavy_before_it_knows_what_to_do() -> None:
    assert loaded_by("flows.cli") & HEAVY == {"flows"}


def test_flows_load_no_tensorflow_before_a_picture_is_to_be_made() -> None:
    found = loaded_by("flows.batch", "flows.compare", "flows.shards", "flows.nightly") & HEAVY
    assert found & {"tensorflow", "keras"} == set()
    assert "prefect" in found


def test_the_engine_stands_on_eight_packages() -> None:
    outside = imported_by("nst_engine") - sys.stdlib_module_names - {"nst_engine"}
    assert outside == {"PIL", "h5py", "keras", "numpy", "pi_heif", "platformdirs", "tensorflow", "tifffile"}
