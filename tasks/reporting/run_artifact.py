"""The digest of a batch: a Markdown text for the run's history, with counts, failures, pictures and curves."""

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
from tasks.reporting.charts import total_loss_pngs
from tasks.reporting.number_format import duration, figure, status_word
from tasks.reporting.report_page import Exhibit

MOST_PICTURES, MOST_FAILURES = 12, 50
"""Lines of the tables of pictures and failures, at most."""


def digest(summary: BatchSummary, exhibits: Sequence[Exhibit], uris: Iterable[str]) -> str:
    """The digest of a batch as Markdown, with small pictures in it as data URIs.

    Args:
        summary: the summary of the batch.
        exhibits: the pictures to choose from; at most `MOST_PICTURES` are shown.
        uris: URIs of the report and the tables.
    """
    parts = [
        _counts(summary),
        "\n".join(f"- `{uri}`" for uri in uris),
        *failures([(f"{row.backbone}/{row.pair}", row) for row in summary.failures], "results.csv"),
        *_pictures(exhibits[:MOST_PICTURES]),
        *_curves(exhibits),
    ]
    return "\n\n".join(parts)


def _counts(summary: BatchSummary) -> str:
    counted = ", ".join(f"{count} {status_word(status)}" for status, count in summary.counts.items() if count)
    return f"**{len(summary.with_picture)} of {len(summary.rows)} pairs have their picture** ({counted})"


def failures(rows: Sequence[tuple[str, ManifestRow]], whole: str) -> Iterator[str]:
    """A table of the failed rows, each under its name. If they are too many, a line names the file `whole` with all."""
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
    caption = f"{text(f'{row.backbone}/{row.pair}')}<br>loss {figure(row.total_loss)}<br>{duration(row.seconds_total)}"
    return line((caption, *map(thumb, (exhibit.content, exhibit.style, exhibit.result))))


def _curves(exhibits: Iterable[Exhibit]) -> Iterator[str]:
    drawn = total_loss_pngs((exhibit.row.backbone, exhibit.history) for exhibit in exhibits)
    if drawn:
        yield "## Total loss by step"
    for backbone, data in drawn.items():
        yield paragraph(f"{text(backbone)}<br>{image(data, 'png')}")


def artifact_key(output: str, what: str) -> str:
    """The key of an artifact about one output: a-z, 0-9 and dashes, the same for every run into that output.

    Args:
        output: the URI of the output.
        what: what the artifact shows, in lower case.
    """
    name = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(output).name.lower()).strip("-")
    return "-".join(filter(None, (name, sha256(output.encode()).hexdigest()[:6], what)))


_SIDE = 192
"""Long side of a thumbnail in pixels: with its two inputs, a picture takes some 20 KB."""


def paragraph(html: str) -> str:
    """A paragraph in HTML, since in a Markdown paragraph the UI shows the escapes of `text` unchanged."""
    return f"<p>{html}</p>"


def title(name: str) -> str:
    """A heading from plain text. It is Markdown, since the UI shows an HTML heading like any other line."""
    return "## " + re.sub(r"[\\`*_{}\[\]<>#&|~]", r"\\\g<0>", " ".join(name.split()))


def table(columns: Iterable[str], lines: str) -> str:
    """A table with space around its cells, by attributes, since the UI drops styles.

    Args:
        columns: heads of the columns, as HTML.
        lines: the rows, as HTML.
    """
    header = "".join(f'<th align="left">{column}</th>' for column in columns)
    return f'<table cellpadding="8"><tr>{header}</tr>{lines}</table>'


def line(cells: Iterable[str]) -> str:
    """A row of a table; the cells are HTML."""
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def thumb(data: bytes | None) -> str:
    """A thumbnail as HTML of the picture in a file's bytes; empty for None."""
    return "" if data is None else image(thumbnail(decode(data), _SIDE), "jpeg")


def image(data: bytes, kind: str) -> str:
    """A picture as HTML with a data URI; `data` is a file of the kind `jpeg` or `png`."""
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}">'


def text(name: str) -> str:
    """A name as HTML in one line, escaped so that Markdown leaves it unchanged."""
    shown = " ".join(name.split())
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_{}[]()#+-.!|~$:" else escape(letter) for letter in shown)
