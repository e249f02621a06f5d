"""A comparison as a run's history keeps it."""

import base64
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nst_engine.images import decode, encode
from tasks.comparison.results import Comparison, Gallery
from tasks.comparison.run_artifact import MOST_CHARTS, comparison_digest
from tasks.reporting.run_artifact import MOST_FAILURES, MOST_PICTURES
from tests.tasks.compared import RATES, TRAINED, a_comparison, a_gallery

PLACES = ["/out/comparison.html", "s3://bucket/out/comparison.csv"]
EVERY = [(pair, name) for pair in ("lake--wave", "hill--wave") for name in RATES]


def digested(comparison: Comparison) -> str:
    return comparison_digest(comparison, a_gallery(comparison), PLACES)


@cache
def a_text() -> str:
    return digested(a_comparison())


def pictures_in(text: str) -> list[str]:
    return re.findall(r'<img src="data:image/jpeg;base64,([^"]+)">', text)


def test_places_and_the_verdict_come_first() -> None:
    text = a_text()
    assert text.startswith("- `/out/comparison.html`\n- `s3://bucket/out/comparison.csv`\n\n## Which configuration")
    verdict, _, _ = text.partition("## Pictures")
    assert "<td>0.1</td><td>2</td><td>1</td><td>0.5</td>" in verdict
    assert "Judged by vgg16 packaged&#46;" in verdict


def test_random_weights_are_told_of_before_all_else() -> None:
    text = digested(a_comparison({"tiny": TRAINED.replace(backbone="tiny", weights="random"), "other": TRAINED}))
    assert text.startswith("<p><b>Random weights</b>: tiny random.")
    assert "Random weights" not in a_text()


def test_pictures_are_small_with_a_pair_a_column() -> None:
    comparison = a_comparison()
    large = encode(np.random.default_rng(0).random((480, 640, 3), dtype=np.float32), "jpg", 80)
    gallery = Gallery(**{name: dict.fromkeys(found, large) for name, found in vars(a_gallery(comparison)).items()})
    pictures = pictures_in(comparison_digest(comparison, gallery, PLACES))
    assert len(pictures) == 2 * (2 + len(RATES))
    for data in pictures:
        assert decode(base64.b64decode(data)).shape == (144, 192, 3)


def test_the_best_configurations_are_shown_where_there_is_no_room_for_all() -> None:
    rates = {f"rate {number:02}": TRAINED.replace(learning_rate=1.0 + number) for number in range(20)}
    text = digested(a_comparison(dict(reversed(rates.items())), pairs=["lake--wave"]))
    _, _, sheet = text.partition("## Pictures")
    shown = re.findall(r"<td>(rate \d\d)</td><td><img", sheet)
    assert shown == [f"rate {number:02}" for number in range(19, 19 - MOST_PICTURES, -1)]
    assert "and 8 configurations more on the page" in sheet


def test_charts_and_all_tables_follow() -> None:
    text = a_text()
    assert text.count("data:image/png;base64,") == 4
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles[:3] == ["Which configuration", "Pictures", "Charts"]
    assert titles[3:] == ["Total loss by iteration", "Seconds by iteration", "By learning\\_rate", "Score by referee"]


def test_failures_have_their_reasons() -> None:
    text = digested(a_comparison(failed=EVERY[2:3]))
    _, _, failures = text.partition("## Failures")
    assert "<td>lake&#45;&#45;wave, learning&#95;rate=30</td><td>the picture cannot be read</td>" in failures
    assert "## Failures" not in a_text()


def test_a_comparison_of_failures_alone_has_neither_pictures_nor_tables() -> None:
    text = digested(a_comparison(failed=EVERY))
    assert text.count("<tr><td>") == len(EVERY)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Failures"]


def test_a_large_comparison_has_a_digest_that_a_server_takes() -> None:
    layers = [
        f"conv{stage}_block{block}_{part}" for stage in (2, 3) for block in (1, 2, 3) for part in ("1_conv", "out")
    ]
    configs = {f"style_layers={layer}+{layer}": TRAINED.replace(style_layers=(layer,)) for layer in layers}
    comparison = a_comparison(configs, pairs=[f"{n:02}--wave" for n in range(15)])
    failing = [replace(it, row=replace(it.row, status="failed", error="no " * 99)) for it in comparison.judged[-90:]]
    noise = encode(np.random.default_rng(0).random((480, 640, 3), dtype=np.float32), "jpg", 80)
    gallery = Gallery(
        results={(it.trial.pair, it.name): noise for it in comparison.judged[:-90]}, contents={}, styles={}
    )
    text = comparison_digest(Comparison((*comparison.judged[:-90], *failing), comparison.referees), gallery, PLACES)
    assert len(pictures_in(text)) == MOST_PICTURES
    assert text.count("data:image/png;base64,") == MOST_CHARTS
    assert f"and {2 * len(configs) + 2 - MOST_CHARTS} charts more on the page" in text
    assert f"and {90 - MOST_FAILURES} more, all of them in `comparison.csv`" in text
    assert len(text.encode()) < 1_200_000


@pytest.mark.parametrize(
    "name", ["<script>x</script>", "a|b", "![x](http://a/b.png)", "*bold*", "line\nbreak", "`code`", "$x$"]
)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    comparison = a_comparison({name: TRAINED, "other": TRAINED.replace(learning_rate=2.0)}, pairs=[name, "lake--wave"])
    judged = [*comparison.judged]
    judged[0] = replace(judged[0], row=replace(judged[0].row, status="failed", error=name))
    text = digested(Comparison(tuple(judged), comparison.referees))
    assert name not in text
    assert "<script" not in text


def test_equal_comparisons_make_equal_texts() -> None:
    assert digested(a_comparison()) == a_text()
