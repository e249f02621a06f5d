"""Small comparisons with made-up figures, for tests of tables, charts and pages."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace

from PIL import Image

from nst_engine.config import TransferConfig
from nst_engine.judging.measures import Measures
from nst_engine.judging.referee import Distances, Referee
from tasks.comparison.grid import Trial, Variant
from tasks.comparison.results import Comparison, Gallery, Judged
from tasks.planning.pairs import PairSpec
from tasks.storage import Entry
from tests.tasks.ledger import a_row

JUDGE, OTHER = Referee(backbone="vgg16", weights="packaged"), Referee(backbone="vgg19", weights="imagenet")
TRAINED = TransferConfig(backbone="resnet50", optimizer="adam")
RATES = {f"learning_rate={rate:g}": TRAINED.replace(learning_rate=rate) for rate in (1.0, 10.0, 30.0)}


def judged(pair: str, name: str, config: TransferConfig, *, steps: int = 5, number: int = 1) -> Judged:
    """A judged picture with figures from a number: a higher one is worse, quicker and nearer to the content."""
    content, _, style = pair.partition("--")
    variant = Variant(name=name, slug=name, config=config)
    spec = PairSpec(content=Entry(f"{content}.jpg", 4), style=Entry(f"{style}.jpg", 4), backbone=config.backbone)
    history = [
        {"step": step, "seconds": step / number, "total": number + 9.0 / (1 + step), "content": 1.0, "style": 1.0}
        for step in range(steps)
    ]
    row = a_row(
        pair=f"{pair}--{name}",
        content=f"/photos/{content}.jpg",
        style=f"/paintings/{style}.jpg",
        output=f"/out/{config.backbone}/{pair}--{name}.png",
        backbone=config.backbone,
        width=40,
        height=30,
        seconds_optimize=60.0 / number,
    )
    return Judged(
        trial=Trial(pair=pair, variant=variant, spec=spec),
        row=row,
        history=tuple(history),
        measures=Measures(structural_similarity=0.5, color_distance=0.25, sharpness=0.125),
        distances={
            referee: Distances(score=0.1 * number * factor, style=2.0 * number * factor, content=1.0 * factor / number)
            for factor, referee in ((1, JUDGE), (3, OTHER))
        },
    )


def failing(it: Judged, error: str = "the picture cannot be read") -> Judged:
    """The trial of that name as a failure, without a picture."""
    return Judged(trial=it.trial, row=replace(it.row, status="failed", total_loss=None, error=error))


def a_comparison(
    configs: dict[str, TransferConfig] = RATES,
    pairs: Sequence[str] = ("lake--wave", "hill--wave"),
    failed: Iterable[tuple[str, str]] = (),
    referees: tuple[Referee, ...] = (JUDGE, OTHER),
) -> Comparison:
    """A comparison of all pairs under all configurations, except those that failed, named by pair and configuration."""
    made = (
        judged(pair, name, config, number=n) for n, (name, config) in enumerate(configs.items(), 1) for pair in pairs
    )
    lost = set(failed)
    return Comparison(tuple(failing(it) if (it.trial.pair, it.name) in lost else it for it in made), referees)


def jpeg(shade: int, side: int = 40) -> bytes:
    """A picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (side, side * 3 // 4), (shade % 256, shade // 256, 99)).save(data, "JPEG")
    return data.getvalue()


def a_gallery(comparison: Comparison) -> Gallery:
    """A different picture for each result that did not fail, one picture for all contents, and one for all styles."""
    made = [it for it in comparison.judged if it.row.status != "failed"]
    return Gallery(
        results={(it.trial.pair, it.name): jpeg(10 + number) for number, it in enumerate(made)},
        contents=dict.fromkeys(comparison.pairs, jpeg(1)),
        styles=dict.fromkeys(comparison.pairs, jpeg(2)),
    )
