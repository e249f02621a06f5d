"""A small comparison with real transfers: two pairs under three configurations."""

from pathlib import Path

from nst_engine.judging.referee import Referee
from tasks.comparison.grid import Grid, Trial, trials_of
from tasks.making.stylize_pair import stylize_pair
from tasks.planning.job import Job
from tasks.planning.pairs import Plan
from tasks.records.row import ManifestRow
from tests.tasks.studio import CONFIG, a_job, a_pair, paint

TINY = Referee(backbone="tiny", weights="random")
GRID = Grid(config=CONFIG, vary={"iterations": [2, 4, 8]})


def a_contest(root: Path, *grids: Grid) -> tuple[Job, tuple[Trial, ...]]:
    """A job over two contents and a style, and its trials."""
    job = a_job(root)
    paint(root / "contents" / "hill.png", 3)
    plan = Plan(pairs=(a_pair("hill.png"), a_pair("lake.png")))
    return job, trials_of(plan, grids or (GRID,))


def made(trials: tuple[Trial, ...], job: Job) -> list[ManifestRow]:
    """The rows of the trials."""
    return [stylize_pair(trial.spec, job) for trial in trials]
