"""The report: one self-contained HTML page that shows the pictures of a batch, then its figures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from nst_engine.registry.losses import LOSS_TITLES
from tasks.records.row import LOSS_COLUMNS, ManifestRow
from tasks.records.summary import BatchSummary
from tasks.reporting.charts import charts
from tasks.reporting.html import Thumbnails, as_base64, render_page
from tasks.reporting.settings import Settings, own_settings, shared_settings

MOST_PICTURES = 200
"""Pictures on a page at most, by default."""

MOST_ROWS = 2000
"""Lines in a table of the page at most; the CSV file has them all."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A picture of the batch as the page shows it.

    Attributes:
        row: the picture's row.
        result: thumbnail of the picture, a JPEG file's bytes; some 400 pixels on the long side are enough.
        content, style: thumbnails of the inputs, JPEG files' bytes; None for an input that cannot be read.
            Equal bytes are embedded once, even if many exhibits share them.
        history: records of the optimization as `TransferResult.history_rows` gives them.
        config: the configuration as `TransferConfig.to_dict` gives it; empty if it is not known.
    """

    row: ManifestRow
    result: bytes
    content: bytes | None = None
    style: bytes | None = None
    history: Sequence[Mapping[str, Any]] = ()
    config: Settings = field(default_factory=dict)


def rows_to_show(rows: Iterable[ManifestRow], most_pictures: int = MOST_PICTURES) -> tuple[ManifestRow, ...]:
    """The rows whose pictures the page shows: all rows with a picture, or a sample spread evenly over the pairs.

    Rows of one pair stay together, backbone beside backbone; pairs come in the order of their names.
    """
    pairs: dict[str, list[ManifestRow]] = {}
    for row in sorted(BatchSummary(tuple(rows)).with_picture, key=lambda row: row.pair):
        pairs.setdefault(row.pair, []).append(row)
    groups = list(pairs.values())
    wanted = math.ceil(most_pictures * len(groups) / max(1, most_pictures, sum(map(len, groups))))
    chosen = (groups[number * len(groups) // wanted] for number in range(wanted))
    return tuple(row for group in chosen for row in group)[:most_pictures]


def report_page(
    rows: Iterable[ManifestRow],
    exhibits: Iterable[Exhibit],
    *,
    most_pictures: int = MOST_PICTURES,
) -> bytes:
    """The page as a UTF-8 HTML file that loads nothing from outside.

    Its links lead to `<backbone>/<pair>.<suffix>`, `results.csv` and `backbones.csv` beside it. At most
    `most_pictures` exhibits are taken from the iterable, so a generator makes no others.
    """
    summary = BatchSummary(tuple(rows))
    shown = tuple(islice(exhibits, most_pictures))
    thumbnails = Thumbnails()
    configs = [exhibit.config for exhibit in shown]
    own = own_settings(configs)
    plates = [_plate(exhibit, settings, thumbnails) for exhibit, settings in zip(shown, own, strict=True)]
    return render_page(
        "report.html.j2",
        title="Nightbrush",
        summary=summary,
        plates=plates,
        shared=shared_settings(configs),
        settings={exhibit.row.key: text for exhibit, text in zip(shown, own, strict=True) if text},
        images=thumbnails.images,
        losses={column: LOSS_TITLES[name] for name, column in LOSS_COLUMNS.items()},
        charts=charts((exhibit.row.backbone, exhibit.history) for exhibit in shown),
        backbones=summary.backbones.to_dict("records"),
        most_pictures=most_pictures,
        most_rows=MOST_ROWS,
    )


def _plate(exhibit: Exhibit, settings: str, thumbnails: Thumbnails) -> dict[str, Any]:
    """The values that the template needs to show one picture."""
    return {
        "row": exhibit.row,
        "settings": settings,
        "result": as_base64(exhibit.result),
        "content": thumbnails.name(exhibit.content),
        "style": thumbnails.name(exhibit.style),
        "ratio": aspect(exhibit.row),
    }


def aspect(row: ManifestRow) -> float:
    """Width of a picture divided by its height; 1 if they are not known."""
    return round(row.width / row.height, 4) if row.width and row.height else 1.0
