"""What Prefect's pages show of a batch, in a browser without a window."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from tests.flows.batches import TASKS
from tests.flows.console import Night
from tests.tasks.browser import chromium

FAILED = ["tiny/broken--swirl", "tiny/broken--wave"]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),  # root, and small containers
    *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),  # the loopback and no more
    *("--window-size=1300,1800", "--virtual-time-budget=20000", "--dump-dom"),
)
ATTEMPTS = 4


@dataclass(frozen=True)
class Page:
    """A page as the browser has made it.

    Attributes:
        dom: its elements.
        colours: how many its picture has.
    """

    dom: str
    colours: int

    @property
    def texts(self) -> list[str]:
        """What stands between the elements."""
        return [unescape(text).strip() for text in re.split(r"<[^>]*>", self.dom) if text.strip()]


@dataclass(frozen=True)
class Pages:
    """The pages of a batch that has run.

    Attributes:
        start: address of Prefect's pages.
        run: the flow run's id.
        artifacts: ids of the artifacts, by the last part of their keys.
    """

    start: str
    run: str
    artifacts: dict[str, str]


Look: TypeAlias = Callable[[str, str], Page]


@pytest.fixture(scope="session")
def browser() -> str:
    """The program, where it is installed."""
    return chromium()


@pytest.fixture(scope="module")
def look(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Open a page by its address; it is opened again, a few times, until it shows a text."""
    folder = tmp_path_factory.mktemp("browser")
    program = [browser, *FLAGS, f"--user-data-dir={folder}", f"--screenshot={folder / 'page.png'}"]

    @cache
    def opened(address: str, until: str) -> Page:
        for _ in range(ATTEMPTS):
            done = subprocess.run([*program, address], capture_output=True, check=True, timeout=60)  # noqa: S603 - a test's
            page = Page(done.stdout.decode(), colours_of(folder / "page.png"))
            if until in page.dom:
                break
        return page

    return opened


def colours_of(picture: Path) -> int:
    """How many colours a picture has."""
    with Image.open(picture) as image:
        return len(image.convert("RGB").getcolors(2**24) or ())


@pytest.fixture
def pages(browser: str, night: Night, own_api: str) -> Pages:
    """The pages of a batch of six pairs, two of them broken, on the server of our own."""
    del browser
    found = httpx.post(f"{own_api}/artifacts/filter", json={"flow_runs": {"id": {"any_": [night.run]}}}).json()
    start = f"http://{urlsplit(own_api).netloc}"
    return Pages(start, night.run, {artifact["key"].rpartition("-")[2]: artifact["id"] for artifact in found})


def test_the_run_says_what_became_of_each_pair(look: Look, pages: Pages) -> None:
    last = "4 of 6 pairs have their picture, 2 failed"
    texts = look(f"{pages.start}/runs/flow-run/{pages.run}", last).texts
    assert {"Failed", "tiny", "8 Task runs", f"Finished in state Failed('{last}')"} <= set(texts)
    for task in TASKS:
        assert any(re.fullmatch(rf"\d/6 {task} completed in .* s, total loss .* to .*", text) for text in texts)
    for task in FAILED:
        assert any(re.fullmatch(rf"\d/6 {task} failed: .*broken.jpg' cannot be read: .*", text) for text in texts)


def test_the_tasks_of_a_run_have_readable_names(look: Look, pages: Pages) -> None:
    page = look(f"{pages.start}/v2/runs/flow-run/{pages.run}?tab=TaskRuns", TASKS[0])
    assert {*TASKS, *FAILED, "discover pairs", "report"} <= set(page.texts)


def test_a_run_leads_to_its_artifacts(look: Look, pages: Pages) -> None:
    page = look(f"{pages.start}/v2/runs/flow-run/{pages.run}?tab=Artifacts", "-pictures")
    assert {text.rpartition("-")[2] for text in page.texts if text.startswith("out-")} == set(pages.artifacts)


def test_the_pictures_are_there_with_names_and_the_failures_with_reasons(look: Look, pages: Pages) -> None:
    page = look(f"{pages.start}/artifacts/artifact/{pages.artifacts['pictures']}", "data:image/jpeg")
    assert page.dom.count('<img src="data:image/jpeg;base64,') == 3 * len(TASKS)
    assert page.dom.count('<img src="data:image/png;base64,') == 1
    assert {"4 of 6 pairs have their picture", *TASKS, *FAILED} <= set(page.texts)
    reasons = [text for text in page.texts if "broken.jpg' cannot be read" in text]
    assert len(reasons) == len(FAILED)
    plain = look(f"{pages.start}/artifacts/artifact/{pages.artifacts['progress']}", "Progress")
    assert page.colours > 5 * plain.colours


def test_the_backbones_are_a_table_of_short_figures(look: Look, pages: Pages) -> None:
    texts = look(f"{pages.start}/artifacts/artifact/{pages.artifacts['backbones']}", "iterations_per_second").texts
    start, end = texts.index("backbone"), texts.index("iterations_per_second") + 1
    cells = dict(zip(texts[start:end], texts[end:], strict=False))
    counts = ("backbone", "pairs", "completed", "failed", "skipped")
    assert [cells[name] for name in counts] == ["tiny", "6", "4", "2", "0"]
    for name in ("median_seconds", "total_loss", "iterations_per_second"):
        assert float(cells[name]) == float(f"{float(cells[name]):.4g}") > 0


def test_the_progress_is_shown(look: Look, pages: Pages) -> None:
    page = look(f"{pages.start}/artifacts/artifact/{pages.artifacts['progress']}", "Progress")
    assert "Progress: 100%" in page.texts
    assert any(text.startswith("6 of 6 pairs, 2 failed") for text in page.texts)
