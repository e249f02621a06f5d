"""Renders pages: each a self-contained HTML file from a template, with thumbnails that are embedded once."""

import base64
from pathlib import PureWindowsPath
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from tasks.records.row import ManifestRow
from tasks.reporting.number_format import duration, figure, period, status_word


class Thumbnails:
    """The pictures that a page shows in several places: each different picture has a name and is embedded once."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    @property
    def images(self) -> dict[str, str]:
        """Each thumbnail as base64, by the CSS class that shows it."""
        return {name: as_base64(data) for data, name in self._names.items()}

    def name(self, thumbnail: bytes | None) -> str | None:
        """The CSS class that shows a thumbnail, a JPEG file's bytes; None for None."""
        return None if thumbnail is None else self._names.setdefault(thumbnail, f"t{len(self._names)}")


def render_page(template: str, **values: Any) -> bytes:
    """Render a template as a UTF-8 HTML file that loads nothing from outside."""
    return _environment().get_template(template).render(**values).encode("utf-8", "backslashreplace")


def as_base64(data: bytes) -> str:
    """A file's bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tasks.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=figure,
        duration=duration,
        period=period,
        stem=_stem,
        link=_link,
        encoded=_encode_path,
        variant=_variant,
        status=status_word,
    )
    return environment


def _link(row: ManifestRow) -> str:
    """The relative link from the page to a row's picture."""
    return "./" + _encode_path(row.picture_key)


def _variant(row: ManifestRow) -> str:
    """What a pair is called besides its content and style; empty if nothing."""
    name = f"{_stem(row.content)}--{_stem(row.style)}"
    return row.pair.removeprefix(name).removeprefix("--")


def _encode_path(name: str) -> str:
    """A name as the path of a relative link, percent-encoded."""
    return quote(name, errors="surrogateescape")


def _stem(uri: str) -> str:
    """The name of a file without folders and suffix, split at both kinds of separators."""
    return PureWindowsPath(uri).stem
