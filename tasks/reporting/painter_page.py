"""The page of a painter: what it paints at several strengths, and how its losses fell while it learned."""

from collections.abc import Mapping, Sequence
from typing import Any

from nst_engine.images import thumbnail
from nst_engine.registry.losses import LOSS_TITLES
from nst_engine.types import Picture
from tasks.reporting.charts import charts
from tasks.reporting.html import as_base64, render_page

_SIDE = 320
"""Long side of a picture of the strip, in pixels."""


def painter_page(
    name: str,
    style: Picture,
    strips: Sequence[tuple[Picture, Mapping[float, Picture]]],
    checks: Sequence[Mapping[str, Any]],
) -> bytes:
    """The page as a UTF-8 HTML file that loads nothing from outside.

    Args:
        name: of the painter.
        style: what it has learned.
        strips: photographs, each with what it was painted as, by strength.
        checks: the mean losses of held-out photographs by `step`, which counts updates.
    """
    shown = [
        [("", _embedded(photograph)), *((f"{strength:g}", _embedded(picture)) for strength, picture in painted.items())]
        for photograph, painted in strips
    ]
    return render_page(
        "painter.html.j2",
        title=f"Painter of {name}",
        images={},
        style=_embedded(style),
        strips=shown,
        charts=charts([("painter", checks)]).get("painter", {}),
        titles=LOSS_TITLES,
        last=checks[-1],
    )


def _embedded(picture: Picture) -> str:
    return as_base64(thumbnail(picture, _SIDE))
