"""Workers: processes of a work pool, to which the deployment of shards belongs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

POOL = "nightbrush-shards"

_ROOT = Path(__file__).parents[2]
_WORKER = ("worker", "start", "--pool", POOL, "--type", "process", "--limit", "1", "--install-policy", "never")


@contextmanager
def workers(count: int, api: str) -> Iterator[None]:
    """Run `count` workers of the deployment in `prefect.yaml`, each for one shard at a time."""
    environment = os.environ | {"PREFECT_API_URL": api, "PREFECT_WORKER_QUERY_SECONDS": "1", "NO_COLOR": "1"}

    def prefect(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "prefect", "--no-prompt", *arguments]

    def done(*arguments: str) -> None:
        command = prefect(*arguments)
        subprocess.run(command, cwd=_ROOT, env=environment, check=True, capture_output=True)  # noqa: S603 - Prefect's own

    done("work-pool", "create", POOL, "--type", "process", "--overwrite")
    done("deploy", "--prefect-file", "deployments/prefect.yaml", "--name", "shard")
    with ExitStack() as started:
        for _ in range(count):
            started.enter_context(_running(prefect(*_WORKER), environment))
        yield


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - Prefect's own
    try:
        yield
    finally:
        process.kill()  # an idle worker may not hear of a milder signal
        process.wait()
