"""Have painters learn styles, without Prefect."""

import click

from nst_engine.errors import NightbrushError
from nst_engine.hardware.quiet_import import import_quietly
from tasks.making.painters import PainterSpec, is_learned, learn_painter, painter_key
from tasks.planning.job import Job
from tasks.planning.listing import list_pictures
from tasks.planning.request import Request
from tasks.preflight.checks import require_runnable
from tasks.storage import open_storage


def learn_styles(job: Job, request: Request) -> bool:
    """Have a painter learn each style of a job from its contents; returns True if all are there in the end.

    A line on stderr tells every few seconds how far a painter is, and one on stdout where it is in the end.

    Raises:
        NightbrushError: nothing can be learned, for want of a folder, of weights or of a device.
    """
    require_runnable(job, request)
    styles = list_pictures(open_storage(job.style), "style", request).pictures
    import_quietly("nst_engine.painting.painter")
    learned = [_learn(PainterSpec(style=style, config=job.config.lessons), job) for style in styles]
    return all(learned)


def _learn(spec: PainterSpec, job: Job) -> bool:
    try:
        was_there = is_learned(spec, job)
        painter = learn_painter(spec, job, lambda line: click.echo(line, err=True))
    except NightbrushError as error:
        click.echo(f"nightbrush: {spec.name} failed: {error}", err=True)
        return False
    last = painter.history[-1]
    click.echo(
        f"{open_storage(job.output).uri(painter_key(spec, job))}: {'there already, ' if was_there else ''}"
        f"{last.update} updates, on held-out photographs content {last.losses.content:.3g}, "
        f"style {last.losses.style:.3g}"
    )
    return True
