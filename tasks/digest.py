"""A batch in one Markdown text, small enough for a run's history: counts, failures, pictures and curves."""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from itertools import islice
from pathlib import PurePosixPath

from nst_engine.images import decode, thumbnail
from tasks.charts import pictures_of_totals
from tasks.manifest import ManifestRow
from tasks.page import Exhibit
from tasks.summary import BatchSummary
from tasks.words import duration, figure

MOST_PICTURES, MOST_FAILURES = 12, 50
"""Lines of the two lists."""

_SIDE = 192
"""Long side of a thumbnail in pixels: with its two inputs, a picture takes some 20 KB."""


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
        *_failures(summary.failures),
        *_pictures(exhibits[:MOST_PICTURES]),
        *_curves(exhibits),
    ]
    return "\n\n".join(parts)


def _counts(summary: BatchSummary) -> str:
    counted = ", ".join(f"{count} {status}" for status, count in summary.counts.items() if count)
    return f"**{len(summary.pictured)} of {len(summary.rows)} pairs have their picture** ({counted})"


def _failures(rows: Sequence[ManifestRow]) -> Iterator[str]:
    if not rows:
        return
    yield "## Failures"
    lines = "".join(
        f"<tr><td>{_text(f'{row.backbone}/{row.pair}')}</td><td>{_text(row.error or '')}</td></tr>"
        for row in islice(rows, MOST_FAILURES)
    )
    yield _table(("pair", "reason"), lines)
    if len(rows) > MOST_FAILURES:
        yield f"and {len(rows) - MOST_FAILURES} more, all of them in `results.csv`"


def _pictures(exhibits: Sequence[Exhibit]) -> Iterator[str]:
    if exhibits:
        yield "## Pictures"
        yield _table(("pair", "content", "style", "result"), "".join(map(_plate, exhibits)))


def _plate(exhibit: Exhibit) -> str:
    row = exhibit.row
    told = f"{_text(f'{row.backbone}/{row.pair}')}<br>loss {figure(row.total_loss)}<br>{duration(row.seconds_total)}"
    images = "".join(f"<td>{_image(data)}</td>" for data in (exhibit.content, exhibit.style, exhibit.result))
    return f"<tr><td>{told}</td>{images}</tr>"


def _table(columns: Iterable[str], lines: str) -> str:
    """A table with room around its cells; the UI drops styles, and leaves these attributes."""
    header = "".join(f'<th align="left">{column}</th>' for column in columns)
    return f'<table cellpadding="8"><tr>{header}</tr>{lines}</table>'


def _image(data: bytes | None) -> str:
    return "" if data is None else _embedded(thumbnail(decode(data), _SIDE), "jpeg")


def _curves(exhibits: Iterable[Exhibit]) -> Iterator[str]:
    drawn = pictures_of_totals((exhibit.row.backbone, exhibit.history) for exhibit in exhibits)
    if drawn:
        yield "## Total loss by step"
    for backbone, data in drawn.items():
        yield f"{_text(backbone)}<br>{_embedded(data, 'png')}"


def _embedded(data: bytes, kind: str) -> str:
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}">'


def _text(name: str) -> str:
    """A name as HTML in one line, of which Markdown makes nothing else."""
    shown = " ".join(name.split())
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_{}[]()#+-.!|~$:" else escape(letter) for letter in shown)


def artifact_key(output: str, what: str) -> str:
    """A key of a-z, 0-9 and dashes for what tells of one output: the same night after night.

    Args:
        output: its address.
        what: what is told of it, in small letters.
    """
    name = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(output).name.lower()).strip("-")
    return "-".join(filter(None, (name, sha256(output.encode()).hexdigest()[:6], what)))
