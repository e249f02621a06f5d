"""A batch on a Ray cluster of two nodes, each a process of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.batch import stylize_batch
from tasks.records.csv_files import read_results
from tests.flows.batches import two_by_two
from tests.tasks.studio import BROKEN_JPEG, CONFIG

ray = pytest.importorskip("ray", reason="pip install 'nightbrush[ray]'")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two nodes of a processor each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    started.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", started.address)
    yield
    ray.shutdown()
    started.shutdown()


@pytest.mark.usefixtures("prefect_api", "cluster")
@pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and files open, and warns of its own futures
def test_a_batch_runs_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = two_by_two(tmp_path)
    monkeypatch.chdir(tmp_path)  # the cluster was started in another folder
    Path(places["content"], "broken.jpg").write_bytes(BROKEN_JPEG)
    relative = {side: str(Path(place).relative_to(tmp_path)) for side, place in places.items()}
    state = stylize_batch(**relative, config=CONFIG, runner="ray", return_state=True)
    assert state.message == "4 of 6 pairs have their picture, 2 failed"
    rows = read_results(Path(places["output"], "results.csv").read_bytes())
    assert [row.status for row in rows] == ["failed", "completed", "completed"] * 2
