"""A batch in one Markdown text, small enough for a run's history: counts, failures, pictures and curves."""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from itertools import islice
from pathlib import PurePosixPath

from nst_engine.images import decode, thumbnail
from tasks.records.row import ManifestRow
from tasks.records.summary import BatchSummary
from tasks.reporting.charts import pictures_of_totals
from tasks.reporting.number_format import duration, figure
from tasks.reporting.report_page import Exhibit

MOST_PICTURES, MOST_FAILURES = 12, 50
"""Lines of the two lists."""


def digest(summary: BatchSummary, exhibits: Sequence[Exhibit], places: Iterable[str]) -> str:
    """The text, with small pictures in it as data URIs.

    Args:
        summary: of the batch.
        exhibits: pictures to show; no more than `MOST_PICTURES` are.
        places: addresses of the report and the tables.
    """
    parts = [
        _counts(summary),
        "\n".join(f"- `{place}`" for place in places),
        *failures([(f"{row.backbone}/{row.pair}", row) for row in summary.failures], "results.csv"),
        *_pictures(exhibits[:MOST_PICTURES]),
        *_curves(exhibits),
    ]
    return "\n\n".join(parts)


def _counts(summary: BatchSummary) -> str:
    counted = ", ".join(f"{count} {status}" for status, count in summary.counts.items() if count)
    return f"**{len(summary.with_picture)} of {len(summary.rows)} pairs have their picture** ({counted})"


def failures(rows: Sequence[tuple[str, ManifestRow]], whole: str) -> Iterator[str]:
    """The rows without a picture, each under its name, and where they all are if these are too many."""
    if not rows:
        return
    yield "## Failures"
    lines = (line((text(name), text(row.error or ""))) for name, row in islice(rows, MOST_FAILURES))
    yield table(("pair", "reason"), "".join(lines))
    if len(rows) > MOST_FAILURES:
        yield f"and {len(rows) - MOST_FAILURES} more, all of them in `{whole}`"


def _pictures(exhibits: Sequence[Exhibit]) -> Iterator[str]:
    if exhibits:
        yield "## Pictures"
        yield table(("pair", "content", "style", "result"), "".join(map(_plate, exhibits)))


def _plate(exhibit: Exhibit) -> str:
    row = exhibit.row
    told = f"{text(f'{row.backbone}/{row.pair}')}<br>loss {figure(row.total_loss)}<br>{duration(row.seconds_total)}"
    return line((told, *map(small, (exhibit.content, exhibit.style, exhibit.result))))


def _curves(exhibits: Iterable[Exhibit]) -> Iterator[str]:
    drawn = pictures_of_totals((exhibit.row.backbone, exhibit.history) for exhibit in exhibits)
    if drawn:
        yield "## Total loss by step"
    for backbone, data in drawn.items():
        yield paragraph(f"{text(backbone)}<br>{embedded(data, 'png')}")


def artifact_key(output: str, what: str) -> str:
    """A key of a-z, 0-9 and dashes for what tells of one output: the same night after night.

    Args:
        output: its address.
        what: what is told of it, in small letters.
    """
    name = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(output).name.lower()).strip("-")
    return "-".join(filter(None, (name, sha256(output.encode()).hexdigest()[:6], what)))


_SIDE = 192
"""Long side of a thumbnail in pixels: with its two inputs, a picture takes some 20 KB."""


def paragraph(html: str) -> str:
    """A paragraph of HTML. In one of Markdown the UI shows what `text` has escaped as it is written."""
    return f"<p>{html}</p>"


def title(name: str) -> str:
    """A heading, of Markdown: one of HTML looks like any other line. The name is plain text."""
    return "## " + re.sub(r"[\\`*_{}\[\]<>#&|~]", r"\\\g<0>", " ".join(name.split()))


def table(columns: Iterable[str], lines: str) -> str:
    """A table with room around its cells; the UI drops styles, and leaves these attributes.

    Args:
        columns: heads of the columns, as HTML.
        lines: the rows, likewise.
    """
    header = "".join(f'<th align="left">{column}</th>' for column in columns)
    return f'<table cellpadding="8"><tr>{header}</tr>{lines}</table>'


def line(cells: Iterable[str]) -> str:
    """A row of a table; the cells are HTML."""
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def small(data: bytes | None) -> str:
    """A thumbnail of a picture, itself a file's bytes; nothing for None."""
    return "" if data is None else embedded(thumbnail(decode(data), _SIDE), "jpeg")


def embedded(data: bytes, kind: str) -> str:
    """A picture as part of the text: `data` is a file of the kind `jpeg` or `png`."""
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}">'


def text(name: str) -> str:
    """A name as HTML in one line, of which Markdown makes nothing else."""
    shown = " ".join(name.split())
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_{}[]()#+-.!|~$:" else escape(letter) for letter in shown)
