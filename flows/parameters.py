"""The parameters that flows over pairs share: from what a command was given, and to what they ask for."""

from collections.abc import Iterable
from typing import Any

from tasks.planning.job import Job
from tasks.planning.request import Pairing, Request


def parameters(job: Job, request: Request) -> dict[str, Any]:
    """Those that say which pairs there are, where they go, and what works on them."""
    return {
        "content": job.content,
        "style": job.style,
        "output": job.output,
        "pairing": request.way,
        "pairs": request.pairs,
        "include": list(request.include),
        "exclude": list(request.exclude),
        "device": job.device,
    }


def requested(
    backbones: Iterable[str],
    pairing: Pairing | None,
    pairs: str | None,
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
) -> Request:
    """The request that they make; patterns that are None are none.

    Raises:
        PairingError: the values make no sense together.
    """
    return Request(
        backbones=tuple(backbones),
        pairing=pairing,
        pairs=pairs,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
    )
