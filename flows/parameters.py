"""The parameters that flows over pairs share, from what a command was given."""

from typing import Any

from tasks.pairs import Request
from tasks.work import Job


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
