"""The report page."""

import base64
import io
from dataclasses import replace
from urllib.parse import unquote

import pytest
from PIL import Image

from nst_engine import TransferConfig
from nst_engine.registry.losses import LOSS_NAMES, LOSS_TITLES, TERMS
from tasks.records.row import ManifestRow
from tasks.reporting.charts import MOST_POINTS
from tasks.reporting.report_page import Exhibit, report_page, rows_to_show
from tests.tasks.pages import HOSTILE_NAMES, Page

ROW = ManifestRow(
    run_id="night-1",
    pair="harbour--wave",
    content="/in/harbour.jpg",
    style="/in/wave.jpg",
    output="/out/vgg19/harbour--wave.png",
    backbone="vgg19",
    weights="imagenet",
    optimizer="adam",
    device="CPU:0",
    status="completed",
    width=640,
    height=480,
    style_loss=12345.678,
    tv_loss=0.00123,
    total_loss=3.0,
    seconds_total=75.0,
    seed=0,
    engine_version="0.1.0",
    started_at="2025-03-14T22:00:00+00:00",
)
FAILED = replace(ROW, pair="broken--wave", status="failed", error="the picture cannot be read")


def _jpeg(shade: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), (shade % 256, shade // 256, 99)).save(data, "JPEG")
    return data.getvalue()


def _history(steps: int) -> list[dict[str, float]]:
    return [{"step": n, "total": 9.0 / (n + 1), "content": n / 5, "style": 8.0 / (n + 1)} for n in range(steps)]


def _exhibit(row: ManifestRow, shade: int = 0) -> Exhibit:
    return Exhibit(row=row, result=_jpeg(shade), content=_jpeg(1), style=_jpeg(2))


def _recorded(row: ManifestRow, steps: int = 5) -> Exhibit:
    return replace(_exhibit(row), history=_history(steps))


def _rows(pairs: int, *backbones: str) -> list[ManifestRow]:
    return [replace(ROW, pair=f"{n:04}--wave", backbone=name) for name in backbones for n in range(pairs)]


def test_each_picture_hangs_with_a_link_to_its_file() -> None:
    rows = _rows(3, "vgg19", "resnet50")
    page = Page(report_page(rows, [_exhibit(row, shade) for shade, row in enumerate(rows)]))
    assert [image["src"] for image in page.all("img")] == [
        f"data:image/jpeg;base64,{base64.b64encode(_jpeg(shade)).decode()}" for shade in range(6)
    ]
    assert [link["href"] for link in page.all("a") if link.get("class") == "frame"] == [
        f"./{row.backbone}/{row.pair}.png" for row in rows
    ]


def test_each_picture_says_what_it_is() -> None:
    page = Page(report_page([ROW], [_exhibit(ROW)]))
    assert [image["alt"] for image in page.all("img")] == ["harbour in the style of wave, by vgg19"]
    labels = [button["aria-label"] for button in page.all("button")]
    assert labels == ["Show the content, harbour", "Show the style, wave"]


def test_an_input_shared_by_many_pictures_is_embedded_once() -> None:
    rows = _rows(20, "vgg19")
    page = report_page(rows, [_exhibit(row, 100 + shade) for shade, row in enumerate(rows)])
    assert page.count(base64.b64encode(_jpeg(1))) == page.count(base64.b64encode(_jpeg(2))) == 1


def test_a_picture_whose_inputs_are_gone_still_hangs() -> None:
    page = Page(report_page([ROW], [Exhibit(row=replace(ROW, width=None), result=_jpeg(0))]))
    assert [len(page.all(tag)) for tag in ("img", "button", "svg")] == [1, 0, 0]


def test_the_page_loads_nothing_from_outside() -> None:
    page = report_page([ROW, FAILED], [_recorded(ROW)])
    assert b"http://" not in page
    assert b"https://" not in page
    assert b"@import" not in page
    for address in Page(page).addresses:
        assert address.startswith(("data:image/jpeg;base64,", "#", "./"))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    made = replace(ROW, pair=name, backbone=name, content=name, style=name, device=name, run_id=name)
    failed = replace(made, status="failed", error=name)
    page, plain = (Page(report_page(rows, [_exhibit(rows[0])])) for rows in ([made, failed], [ROW, FAILED]))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [set(attributes) for _, attributes in page.tags] == [set(attributes) for _, attributes in plain.tags]
    assert name.encode("utf-8", "backslashreplace").decode() in page.text
    assert all(address.startswith(("data:image/jpeg;base64,", "#", "./")) for address in page.addresses)


@pytest.mark.parametrize("name", ["a b#c?d%e", "naïve", "x/y", "caf\udce9"])
def test_a_link_leads_to_the_file_whatever_its_name(name: str) -> None:
    row = replace(ROW, pair=name, output=f"s3://bucket/{name}.webp")
    (link,) = [link for link in Page(report_page([row], [_exhibit(row)])).all("a") if link.get("class") == "frame"]
    assert link["href"].isascii()
    assert unquote(link["href"], errors="surrogateescape") == f"./vgg19/{name}.webp"


def test_failures_come_first_with_their_reasons() -> None:
    page = report_page([ROW, FAILED], [_exhibit(ROW)]).decode()
    assert page.index("the picture cannot be read") < page.index("<img")
    assert "failures-title" not in report_page([ROW], [_exhibit(ROW)]).decode()


def test_a_batch_in_which_all_failed_says_so() -> None:
    page = Page(report_page([FAILED, replace(FAILED, error=None)], []))
    assert "No picture was made" in page.text
    assert "no reason was recorded" in page.text
    assert not page.all("img")


def test_a_batch_without_pairs_says_so() -> None:
    page = Page(report_page([], []))
    assert "Nothing ran" in page.text
    assert not page.all("table")


def test_takes_no_more_exhibits_than_it_shows() -> None:
    rows = _rows(10, "vgg19")
    exhibits = map(_exhibit, rows)
    page = Page(report_page(rows, exhibits, most_pictures=4))
    assert len(page.all("img")) == 4
    assert len(list(exhibits)) == 6
    assert "Shown are 4 of 10 pictures" in page.text
    assert "slow to open" in page.text


def test_says_if_thumbnails_are_missing_for_another_reason() -> None:
    page = Page(report_page([ROW, replace(ROW, pair="other--wave")], [_exhibit(ROW)]))
    assert "Shown are 1 of 2 pictures" in page.text
    assert "could not be made" in page.text


def test_a_large_batch_makes_a_page_of_bounded_size() -> None:
    rows = _rows(5000, "vgg19")
    page = report_page(rows, map(_recorded, rows_to_show(rows)))
    assert len(page) < 5_000_000
    assert len(Page(page).all("img")) == 200
    assert "The first 2,000 of 5,000" in page.decode()


def test_the_sample_is_spread_over_the_pairs_and_keeps_a_pair_together() -> None:
    rows = _rows(100, "vgg19", "resnet50")
    shown = rows_to_show(rows, most_pictures=20)
    assert [row.pair for row in shown[::2]] == [f"{n:04}--wave" for n in range(0, 100, 10)]
    assert [row.backbone for row in shown] == ["vgg19", "resnet50"] * 10


def test_a_small_batch_is_shown_whole_without_its_failures() -> None:
    rows = _rows(3, "vgg19", "resnet50")
    assert sorted(rows_to_show([*rows, FAILED], most_pictures=6), key=rows.index) == rows
    assert rows_to_show([]) == ()
    assert len(rows_to_show(rows, most_pictures=1)) == 1


def test_each_backbone_has_its_curves_in_the_colours_of_the_page() -> None:
    rows = _rows(2, "vgg19", "resnet50")
    page = report_page(rows, [_recorded(row) for row in rows])
    drawings = [figure["aria-label"] for figure in Page(page).all("figure") if figure.get("role") == "img"]
    assert drawings == [
        f"{name}: {term} loss by step" for name in ("vgg19", "resnet50") for term in ("total", "content", "style")
    ]
    assert page.count(b"<svg") == 6
    assert page.count(b"stroke: var(--ink)") == 2 * 6
    assert page.count(b"stroke: var(--accent)") == 6


def test_both_tables_have_a_column_for_each_loss() -> None:
    page = Page(report_page([ROW], [_exhibit(ROW)]))
    assert {title: page.text.count(title) for title in LOSS_TITLES.values()} == dict.fromkeys(LOSS_TITLES.values(), 2)


def test_a_chart_shows_every_term_but_the_total_variation() -> None:
    recorded = replace(_exhibit(ROW), history=[dict.fromkeys((*LOSS_NAMES, "step"), float(n + 1)) for n in range(3)])
    drawings = [figure["aria-label"] for figure in Page(report_page([ROW], [recorded])).all("figure")[1:]]
    assert drawings == [f"vgg19: {term} loss by step" for term in ("total", *TERMS) if term != "tv"]


def test_a_long_history_is_thinned() -> None:
    long, short = (len(report_page([ROW], [_recorded(ROW, steps)])) for steps in (20_000, MOST_POINTS))
    assert long < 1.5 * short


def test_losses_that_a_log_scale_cannot_show_do_not_cost_the_page() -> None:
    history = [{"step": n, "total": value, "content": 0.0, "style": -1.0} for n, value in enumerate([1.0, 0.0, 3.0])]
    spoiled = [*history, {"step": 3, "total": float("nan"), "content": float("inf"), "style": None}]
    assert report_page([ROW], [replace(_exhibit(ROW), history=spoiled)]).count(b"<svg") == 1


def test_equal_batches_make_equal_bytes() -> None:
    assert report_page([ROW], [_recorded(ROW)]) == report_page([ROW], [_recorded(ROW)])


def test_figures_are_rounded_for_a_reader_and_sorted_by_their_value() -> None:
    page = Page(report_page([ROW], [_exhibit(ROW)]))
    cells = [cell["data-v"] for cell in page.all("td") if "data-v" in cell]
    assert "12345.68" in cells
    for text in ("12,346", "0.00123", "1 min 15 s", "14 March 2025, 22:00 to 22:01 UTC", "CPU:0"):
        assert text in page.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.21, "3.2 s"), (42.4, "42 s"), (119.6, "2 min 0 s"), (18_720.0, "5 h 12 min"), (None, "\u2013")],
)
def test_time_is_told_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    row = replace(ROW, seconds_total=seconds)
    assert text in Page(report_page([row], [])).text


def test_variants_of_a_pair_are_told_apart() -> None:
    config = TransferConfig(backbone="vgg19", side=300, style_weight=1.0).to_dict()
    names = ["harbour--wave--strong", "soft", "harbour--wave"]
    changes = [{"style_weight": 4.0}, {"style_layers": ["block1_conv1", "block2_conv1"]}, {}]
    exhibits = [
        replace(_exhibit(replace(ROW, pair=name)), config=config | change)
        for name, change in zip(names, changes, strict=True)
    ]
    page = Page(report_page([exhibit.row for exhibit in exhibits], exhibits))
    for text in ("after wave, strong", "after wave, soft", "made with side=300", "style_weight=4.0"):
        assert text in page.text
    layers = "style_layers=block1_conv1,block2_conv1"
    assert [text for kind, text in page.cells if kind == "name" and layers in text] == [f"{layers}, style_weight=1.0"]
    assert page.text.count(layers) == 2  # on the card, and in the table


def test_pictures_of_the_same_settings_have_no_column_for_them() -> None:
    config = TransferConfig(backbone="vgg19").to_dict()
    rows = _rows(2, "vgg19")
    page = Page(report_page(rows, [replace(_exhibit(row), config=config) for row in rows]))
    assert "Settings" not in page.text
    assert "made with" not in page.text


def test_a_rerun_reads_like_no_fault() -> None:
    text = Page(report_page([replace(ROW, status="skipped")], [])).text
    assert "already made" in text
    assert "skipped" not in text
    assert "converged" not in text


def test_losses_of_several_backbones_come_with_a_warning() -> None:
    warning = "Each backbone has losses of its own"
    assert warning in Page(report_page(_rows(1, "vgg19", "resnet50"), [])).text
    assert warning not in Page(report_page(_rows(1, "vgg19"), [])).text


def test_a_chart_marks_where_most_transfers_go_on_at_a_new_size() -> None:
    def drawn(*changes: int) -> int:
        rows = _rows(len(changes), "vgg19")
        histories = [
            [{**record, "side": 64 if record["step"] < change else 128} for record in _history(6)] for change in changes
        ]
        exhibits = [replace(_exhibit(row), history=history) for row, history in zip(rows, histories, strict=True)]
        return report_page(rows, exhibits).count(b"stroke-dasharray")

    assert (drawn(9, 9, 9), drawn(3, 3, 5), drawn(2, 3, 5)) == (0, 3, 0)  # a line in each of three charts
