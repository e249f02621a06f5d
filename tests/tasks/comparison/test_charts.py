"""Charts of a comparison."""

import pandas as pd
import pytest

from nst_engine.config import TransferConfig
from tasks.comparison.charts import Drawing, convergence, front, trade_offs
from tasks.comparison.results import Comparison
from tasks.reporting.chart_style import PAGE, WHITE, inline_svg, png
from tests.tasks.compared import RATES, TRAINED, a_comparison

BOTH = ["Total loss by step", "Total loss by seconds"]


def convergence_of(configs: dict[str, TransferConfig], **how: object) -> list[Drawing]:
    return list(convergence(a_comparison(configs, **how), WHITE))  # type: ignore[arg-type]


def texts(drawing: Drawing) -> list[str]:
    [axes] = drawing.draw().axes
    return [text.get_text() for text in axes.texts]


def test_losses_fall_by_step_and_by_second_a_line_for_each_configuration() -> None:
    drawings = convergence_of(RATES)
    assert [drawing.title for drawing in drawings] == BOTH
    for drawing in drawings:
        assert texts(drawing) == list(RATES)
        [axes] = drawing.draw().axes
        assert axes.get_yscale() == "log"
        assert len(axes.lines) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"style_loss": "wasserstein"},
        {"formulation": "gatys"},
        {"style_layers": ("conv1_relu",)},
        {"style_weight": 5.0},
        {"backbone": "vgg19"},
        {"weights": "random"},
        {"pooling": "average"},
        {"smoothing": "none"},
        {"side": 64},
    ],
)
def test_other_objectives_have_charts_of_their_own(changes: dict[str, object]) -> None:
    drawings = convergence_of({"one": TRAINED, "other": TRAINED.replace(**changes)})
    assert [drawing.title for drawing in drawings] == 2 * BOTH
    assert len({drawing.about for drawing in drawings}) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "lbfgs"},
        {"iterations": 50, "levels": 1},
        {"precision": "float32"},
        {"init": "noise"},
        {"seed": 4},
        {"style_weight": 15.0},
        {"smoothing": "softmax"},
    ],
)
def test_ways_to_one_objective_share_a_chart(changes: dict[str, object]) -> None:
    drawings = convergence_of({"one": TRAINED, "other": TRAINED.replace(**changes)})
    assert [drawing.title for drawing in drawings] == BOTH
    assert texts(drawings[0]) == ["one", "other"]


def test_a_line_is_the_median_over_the_pairs_that_all_have() -> None:
    comparison = a_comparison(RATES, failed=[("hill--wave", "learning_rate=1")])
    [axes] = next(convergence(comparison, WHITE)).draw().axes
    assert list(axes.lines[1].get_ydata()) == pytest.approx([2 + 9 / (1 + step) for step in range(5)])


def test_losses_that_a_log_scale_cannot_show_and_single_records_do_not_cost_the_page() -> None:
    [one, *others] = a_comparison(RATES, pairs=["lake--wave"]).judged
    spoiled = [
        {**record, "total": value} for record, value in zip(one.history, (1.0, 0.0, None, -1.0, 2.0), strict=True)
    ]
    judged = (type(one)(**vars(one) | {"history": tuple(spoiled)}), *others)
    comparison = Comparison(judged, a_comparison().referees)
    [axes] = next(convergence(comparison, WHITE)).draw().axes
    assert list(axes.lines[0].get_ydata()) == [1.0, 2.0]


def test_the_score_stands_against_the_seconds_with_every_name() -> None:
    score, distances = trade_offs(a_comparison(), WHITE)
    assert score.title == "Score by seconds of optimization"
    assert distances.title == "Style distance by content distance"
    assert texts(score) == texts(distances) == list(RATES)
    [axes] = score.draw().axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_front_is_what_no_other_betters() -> None:
    points = pd.DataFrame({"seconds": [1, 2, 3, 4, 1, 2], "score": [9, 5, 6, 1, 9, 5]}, index=list("abcdef"))
    assert list(front(points).index) == ["a", "b", "d"]


def test_a_comparison_without_pictures_has_no_charts() -> None:
    comparison = a_comparison(failed=[(pair, name) for pair in ("lake--wave", "hill--wave") for name in RATES])
    assert not list(convergence(comparison, WHITE))
    assert not list(trade_offs(comparison, WHITE))


@pytest.mark.parametrize("name", ["$\\frac$", "</svg><script>alert(1)</script>", "日本 \udce9", "--> x", "a\nb"])
def test_a_name_stays_a_name(name: str) -> None:
    configs = {name: TRAINED, "other": TRAINED.replace(learning_rate=2.0)}
    for drawing in (*trade_offs(a_comparison(configs), PAGE), *convergence(a_comparison(configs), PAGE)):
        svg = inline_svg(drawing.draw(), "salt")
        assert "<script" not in svg
        assert svg.count("<svg") == svg.count("</svg>") == 1


def test_twenty_lines_differ_in_hue_or_in_dashes() -> None:
    drawing = convergence_of({f"rate={n}": TRAINED.replace(learning_rate=float(n)) for n in range(1, 21)})[0]
    [axes] = drawing.draw().axes
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 20


def test_a_chart_is_in_the_colours_of_the_page_or_a_picture_on_white() -> None:
    [drawing, _] = trade_offs(a_comparison(), PAGE)
    assert "var(--accent)" in inline_svg(drawing.draw(), "salt")
    [drawing, _] = trade_offs(a_comparison(), WHITE)
    assert png(drawing.draw()).startswith(b"\x89PNG")
