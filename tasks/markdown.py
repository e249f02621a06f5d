"""Pieces of a Markdown text that shows pictures, as Prefect keeps it with a run."""

import base64
import re
from collections.abc import Iterable
from html import escape

from nst_engine.images import decode, thumbnail

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
