"""The report: one self-contained HTML page that shows the pictures of a batch, then its figures."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from tasks.charts import charts
from tasks.manifest import ManifestRow
from tasks.summary import BatchSummary
from tasks.words import duration, figure, period

MOST_PICTURES = 200
"""Pictures on a page, unless told otherwise."""

MOST_ROWS = 2000
"""Lines in a table of the page; the CSV file has them all."""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A picture of the batch as the page shows it.

    Attributes:
        row: the picture's row.
        result: thumbnail of the picture, a JPEG file's bytes; some 400 pixels on the long side are enough.
        content, style: thumbnails of its inputs, likewise; None where an input is no longer to be had.
            Equal bytes are embedded once, however many exhibits share them.
        history: records of the optimization as `TransferResult.history_rows` gives them.
    """

    row: ManifestRow
    result: bytes
    content: bytes | None = None
    style: bytes | None = None
    history: Sequence[Mapping[str, Any]] = ()


def rows_to_show(rows: Iterable[ManifestRow], most_pictures: int = MOST_PICTURES) -> tuple[ManifestRow, ...]:
    """The rows whose pictures the page should show: all that have one, or a sample spread evenly over the pairs.

    Rows of one pair stay together, backbone beside backbone; pairs come in the order of their names.
    """
    pairs: dict[str, list[ManifestRow]] = {}
    for row in sorted(BatchSummary(tuple(rows)).pictured, key=lambda row: row.pair):
        pairs.setdefault(row.pair, []).append(row)
    groups = list(pairs.values())
    wanted = math.ceil(most_pictures * len(groups) / max(1, most_pictures, sum(map(len, groups))))
    chosen = (groups[number * len(groups) // wanted] for number in range(wanted))
    return tuple(row for group in chosen for row in group)[:most_pictures]


def report_page(
    rows: Iterable[ManifestRow],
    exhibits: Iterable[Exhibit],
    *,
    title: str = "Nightbrush",
    most_pictures: int = MOST_PICTURES,
) -> bytes:
    """The page as a UTF-8 HTML file that loads nothing but what is in it.

    Its links lead to `<backbone>/<pair>.<suffix>`, `results.csv` and `backbones.csv` beside it. No more than
    `most_pictures` exhibits are taken from the iterable, so that a generator need not make the others.
    """
    summary = BatchSummary(tuple(rows))
    shown = tuple(islice(exhibits, most_pictures))
    sheet = _Sheet()
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            summary=summary,
            plates=[sheet.plate(exhibit) for exhibit in shown],
            images=sheet.images,
            charts=charts((exhibit.row.backbone, exhibit.history) for exhibit in shown),
            backbones=summary.backbones.to_dict("records"),
            most_pictures=most_pictures,
            most_rows=MOST_ROWS,
        )
    )
    return page.encode("utf-8", "backslashreplace")


class _Sheet:
    """The contact sheet: names each distinct thumbnail, so that it is embedded once."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    @property
    def images(self) -> dict[str, str]:
        """Each thumbnail as base64, by the CSS class that paints it."""
        return {name: _base64(data) for data, name in self._names.items()}

    def plate(self, exhibit: Exhibit) -> dict[str, Any]:
        """What the template needs to hang one picture."""
        row = exhibit.row
        return {
            "row": row,
            "result": _base64(exhibit.result),
            "content": self._name(exhibit.content),
            "style": self._name(exhibit.style),
            "ratio": round(row.width / row.height, 4) if row.width and row.height else 1.0,
        }

    def _name(self, thumbnail: bytes | None) -> str | None:
        return None if thumbnail is None else self._names.setdefault(thumbnail, f"t{len(self._names)}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tasks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=figure, duration=duration, period=period, stem=_stem, link=_link, encoded=_encoded
    )
    return environment


def _link(row: ManifestRow) -> str:
    """The picture's place beside the page."""
    return "./" + _encoded(f"{row.backbone}/{row.pair}{PurePosixPath(row.output).suffix}")


def _encoded(name: str) -> str:
    """A name as the path of a relative link, percent-encoded."""
    return quote(name, errors="surrogateescape")


def _stem(uri: str) -> str:
    """The name of a file without folders and suffix; Windows paths know both separators."""
    return PureWindowsPath(uri).stem
