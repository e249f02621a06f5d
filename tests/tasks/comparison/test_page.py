"""The page of a comparison."""

import base64
import re
from dataclasses import replace
from functools import cache

import pytest

from nst_engine.judging.referee import Referee
from tasks.comparison.page import comparison_page
from tasks.comparison.results import Comparison, Gallery
from tests.tasks.compared import RATES, TRAINED, a_comparison, a_gallery, jpeg
from tests.tasks.pages import HOSTILE_NAMES, Page

EVERY = [(pair, name) for pair in ("lake--wave", "hill--wave") for name in RATES]


def page_of(comparison: Comparison) -> bytes:
    return comparison_page(comparison, a_gallery(comparison))


@cache
def a_page() -> bytes:
    return page_of(a_comparison())


def test_each_pair_is_a_row_and_each_configuration_a_column() -> None:
    comparison = a_comparison()
    page = Page(page_of(comparison))
    heads = [cell["title"] for cell in page.all("th") if "title" in cell]
    assert heads == list(RATES)
    pictures = a_gallery(comparison).results
    assert [image["src"] for image in page.all("img")] == [
        f"data:image/jpeg;base64,{base64.b64encode(pictures[pair, name]).decode()}" for pair, name in EVERY
    ]
    assert [image["alt"] for image in page.all("img")][:2] == [
        "lake in the style of wave, by learning_rate=1",
        "lake in the style of wave, by learning_rate=10",
    ]


def test_under_each_picture_stand_its_figures_and_a_link_to_its_file() -> None:
    page = Page(a_page())
    assert " ".join(page.cells[1][1].split()) == "0.2 score style4 content0.5 SSIM0.5 time30 s full size"
    links = [link["href"] for link in page.all("a") if link.get("aria-label", "").startswith("full size")]
    assert links[0] == "./resnet50/lake--wave--learning_rate%3D1.png"
    assert len(links) == len(EVERY)


def test_the_best_of_each_row_is_marked() -> None:
    cells = Page(a_page()).cells[: len(EVERY)]
    assert [kind for kind, _ in cells] == ["best", "", ""] * 2
    assert ["best of the row" in text for _, text in cells] == [True, False, False] * 2
    cells = Page(page_of(a_comparison(failed=[EVERY[0]]))).cells[: len(EVERY)]
    assert [kind for kind, _ in cells] == ["", "best", "", "best", "", ""]


def test_the_header_names_the_judge_and_the_best_configuration() -> None:
    text = " ".join(Page(a_page()).text.split())
    assert "3 configurations, 2 pairs, judged by vgg16 packaged" in text
    assert "which took part itself" not in text
    assert "The lowest mean score is that of learning_rate=1: 0.1, after 1 min 0 s of optimization." in text
    own = Referee(backbone=TRAINED.backbone, weights=TRAINED.weights)
    assert "which took part itself" in page_of(replace(a_comparison(), referees=(own,))).decode()


def test_random_weights_are_told_of_at_the_top() -> None:
    page = page_of(
        a_comparison({"tiny": TRAINED.replace(backbone="tiny", weights="random"), "other": TRAINED})
    ).decode()
    assert page.index("Random weights.") < page.index("<img")
    assert "tiny random was never trained" in page
    assert "Random weights." not in a_page().decode()


def test_a_failure_says_why_in_its_place() -> None:
    page = Page(page_of(a_comparison(failed=[EVERY[4]])))
    assert "the picture cannot be read" in page.cells[4][1]
    assert "1 of 6 pictures failed" in " ".join(page.text.split())
    assert len(page.all("img")) == 5


def test_a_comparison_in_which_all_failed_says_why() -> None:
    page = Page(page_of(a_comparison(failed=EVERY)))
    assert page.text.count("the picture cannot be read") == len(EVERY)
    assert not page.all("img")
    assert not page.all("svg")
    assert "lowest mean score" not in page.text


def test_inputs_are_embedded_once_and_may_be_gone() -> None:
    comparison = a_comparison()
    for shade in (1, 2):
        assert a_page().count(base64.b64encode(jpeg(shade))) == 1
    bare = Gallery(results=a_gallery(comparison).results, contents={}, styles={})
    assert len(Page(comparison_page(comparison, bare)).all("img")) == len(EVERY)


def test_a_picture_that_is_gone_keeps_its_figures() -> None:
    comparison = a_comparison()
    gallery = a_gallery(comparison)
    del gallery.results[EVERY[1]]
    page = Page(comparison_page(comparison, gallery))
    assert len(page.all("img")) == 5
    assert "0.2 score" in page.cells[1][1]


def test_a_sample_is_called_one() -> None:
    comparison = a_comparison(pairs=[f"{n:03}--wave" for n in range(100)])
    whole = a_gallery(comparison)
    shown = {f"{n:03}--wave" for n in range(0, 100, 10)}
    sample = replace(whole, results={key: data for key, data in whole.results.items() if key[0] in shown})
    page = Page(comparison_page(comparison, sample))
    assert len(page.all("img")) == 30
    assert "Shown are 10 of 100 pairs" in page.text
    assert "Shown are" not in a_page().decode()


def test_the_page_has_charts_and_every_table() -> None:
    page = Page(a_page())
    drawings = [figure["aria-label"] for figure in page.all("figure")]
    assert drawings == [
        "Score by seconds of optimization",
        "Style distance by content distance",
        "resnet50: Total loss by step",
        "resnet50: Total loss by seconds",
    ]
    for text in ("Which configuration", "Total loss by iteration", "By learning_rate", "Score by referee", "SSIM"):
        assert text in page.text
    assert {"./comparison.csv", "./curves.csv", "./referees.csv", "./report.html"} <= set(page.addresses)


def test_charts_have_hues_in_light_and_dark() -> None:
    page = a_page().decode()
    used = set(re.findall(r"var\(--(\w+)\)", page))
    assert {"hue0", "hue1", "hue2"} <= used
    assert all(page.count(f"--{name}:") >= 1 for name in used - {"x", "y", "zoom", "ratio"})
    assert page.count("--hue7:") == 2


def test_the_page_loads_nothing_from_outside() -> None:
    page = page_of(a_comparison(failed=[EVERY[0]]))
    for start in (b"http://", b"https://", b"@import"):
        assert start not in page
    assert all(address.startswith(("data:image/jpeg;base64,", "#", "./")) for address in Page(page).addresses)


@cache
def page_of_a_name(name: str, error: str) -> Page:
    configs = {name: TRAINED, "other": TRAINED.replace(learning_rate=2.0)}
    comparison = a_comparison(configs, failed=[("lake--wave", name), ("hill--wave", "other")])
    judged = [
        replace(it, row=replace(it.row, content=name, style=name, pair=name, error=it.row.error and error))
        for it in comparison.judged
    ]
    return Page(comparison_page(Comparison(tuple(judged), comparison.referees), a_gallery(comparison)))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    hostile, plain = page_of_a_name(name, name), page_of_a_name("plain", "reason")
    assert [tag for tag, _ in hostile.tags if tag != "use"] == [tag for tag, _ in plain.tags if tag != "use"]
    assert name.encode("utf-8", "backslashreplace").decode() in hostile.text
    assert all(address.startswith(("data:image/jpeg;base64,", "#", "./")) for address in hostile.addresses)


def test_equal_comparisons_make_equal_bytes() -> None:
    assert page_of(a_comparison()) == a_page()
