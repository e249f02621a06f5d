"""Text and tables as editors and spreadsheets write them: in UTF-8 or UTF-16, their cells parted in several ways."""

import codecs
import csv
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from typing import Protocol

_SEPARATORS = ",;\t"
"""What may stand between cells; the first that is as frequent as any in the first line counts."""


class Table(Protocol):
    """The rows of a CSV file, as `csv.reader` gives them."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """The rows."""

    def __next__(self) -> list[str]:
        """The next row."""


def decode_text(data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    return data.decode(_encoding(data))


def read_table(data: bytes) -> Table:
    """The rows of a CSV file, whose cells are quoted as in RFC 4180 and parted by commas, semicolons or tabs.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16 with a byte order mark; the rows may raise it too.
    """
    text = TextIOWrapper(BytesIO(data), _encoding(data), newline="")
    first = text.readline()
    text.seek(0)
    return csv.reader(text, delimiter=max(_SEPARATORS, key=first.count), strict=True)


def _encoding(data: bytes) -> str:
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
