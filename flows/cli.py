"""The command line: `nightbrush`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from flows.options import read_config
from flows.settings import apply_defaults
from nst_engine import NightbrushError, TransferConfig, __version__
from nst_engine.errors import listed
from nst_engine.presets import PRESETS
from tasks.pairs import Request

DONE, SOME_FAILED, BAD_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130

Command = TypeVar("Command", bound=Callable[..., Any])


def main() -> None:
    """Run the command line; an error that a person can mend is one line on stderr."""
    apply_defaults()
    try:
        status = cli(standalone_mode=False, prog_name="nightbrush")
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        status = BAD_ARGUMENTS
    except click.ClickException as error:
        status = _complain(error.format_message())
    except NightbrushError as error:
        status = _complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "nightbrush: interrupted; what is finished is kept, and the same command goes on from there", err=True
        )
        status = INTERRUPTED
    sys.exit(status)


def _complain(text: str) -> int:
    click.echo(f"nightbrush: {' '.join(text.split())}", err=True)
    return BAD_ARGUMENTS


def _with_configuration(command: Command) -> Command:
    """Give a command the options that make a configuration."""
    for option in (
        click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A configuration field. Repeats."),
        click.option("--config", "file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Many fields."),
        click.option("--preset", metavar="NAME", help="Fields of a published study: " + listed(PRESETS) + "."),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="nightbrush")
def cli() -> None:
    """Neural style transfer for whole folders: pictures, a table of losses and timings, and a report."""


@cli.command()
@click.option(
    "--content", required=True, metavar="SRC", help="Pictures to be stylized: a folder or s3://bucket/prefix."
)
@click.option("--style", required=True, metavar="SRC", help="Pictures whose style they take, likewise.")
@click.option("--output", required=True, metavar="DST", help="Where pictures, tables and report go, likewise.")
@click.option("--backbone", "backbones", multiple=True, metavar="NAME", help="Network to use. Repeats.")
@click.option("--pairing", metavar="NAME", help="every, stem, zip (one to one, in order) or list.")
@click.option("--pairs", metavar="FILE.csv", help="The list: content, style, and what is set for that pair.")
@click.option("--include", multiple=True, metavar="GLOB", help="Only pictures whose key matches, as 2024/*. Repeats.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No pictures whose key matches. Repeats.")
@_with_configuration
@click.option("--dry-run", is_flag=True, help="Print the plan and an estimate, and write nothing.")
@click.option("--allow-failures", is_flag=True, help="Exit 0 though pairs failed.")
def run(
    preset: str | None,
    file: Path | None,
    settings: Sequence[str],
    backbones: Sequence[str],
    pairing: Any,
    pairs: str | None,
    include: Sequence[str],
    exclude: Sequence[str],
    dry_run: bool,
    allow_failures: bool,
    **job: Any,
) -> int:
    """Stylize a folder: every content with every style, or pair by pair.

    Finished pictures are not made again. Exit status: 0 all pairs have their picture, 1 some failed, 2 bad arguments
    or nothing to do.
    """
    config = read_config(preset, file, settings, backbone=next(iter(backbones), None))
    request = Request(
        backbones=tuple(backbones) or (config.backbone,),
        pairing=pairing,
        pairs=pairs,
        include=tuple(include),
        exclude=tuple(exclude),
    )
    return _batch(config, request, dry_run, allow_failures, **job)


def _batch(config: TransferConfig, request: Request, dry_run: bool, allow_failures: bool, **job: Any) -> int:
    from tasks.preflight import preflight
    from tasks.work import Job

    batch = Job(config=config, **job)
    plan = preflight(batch, request)
    if dry_run:
        from flows.dry_run import describe_plan

        click.echo(describe_plan(plan, batch))
        return DONE
    from flows.local import load_engine_if_needed, run_batch

    load_engine_if_needed(plan, batch)
    return DONE if run_batch(plan, batch, request, allow_failures) else SOME_FAILED


@cli.command()
@click.argument("content", type=click.Path(path_type=Path))
@click.argument("style", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="OUT", help="The picture.")
@click.option("--backbone", metavar="NAME", help="Network to use.")
@_with_configuration
def one(
    content: Path,
    style: Path,
    output: Path,
    backbone: str | None,
    preset: str | None,
    file: Path | None,
    settings: Sequence[str],
    device: str | None,
) -> int:
    """Stylize one picture, without Prefect."""
    from flows.single import stylize_one

    config = read_config(preset, file, settings, backbone=backbone)
    click.echo(stylize_one(content, style, output, config, device))
    return DONE


@cli.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="The new picture.")
@click.option("--content", metavar="FILE", help="Where the content is now.")
@click.option("--style", metavar="FILE", help="Where the style is now.")
@click.option("--device", metavar="NAME", help="cpu, gpu or gpu:1; unless given, the best that is there.")
def replay(picture: Path, output: Path | None, device: str | None, **sources: str | None) -> int:
    """Make PICTURE again from what its file tells, and compare the two.

    Its content and style are sought where they were, seen from the current folder and from PICTURE's. Unless OUT is
    given, the new picture lies beside PICTURE and has its name with -replay.
    """
    from flows.replay import replay_picture

    click.echo(replay_picture(picture, output, device, note=_complain, **sources))
    return DONE


@cli.command()
@click.argument("output")
def report(output: str) -> int:
    """Rebuild the CSV files and the report of OUTPUT from its sidecars."""
    from tasks.outcome import REPORT, write_outcome
    from tasks.storage import open_storage

    storage = open_storage(output)
    outcome = write_outcome(storage)
    for note in outcome.notes:
        click.echo(f"nightbrush: {note}", err=True)
    click.echo(f"{len(outcome.summary.rows)} rows; look at {storage.uri(REPORT)}")
    return DONE


@cli.command()
def doctor() -> int:
    """Say what this machine can do; exit 1 if a batch could not run."""
    from nst_engine.quiet import import_quietly

    import_quietly("nst_engine.devices")
    from flows.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(finding)
    return DONE if all(finding.good for finding in findings) else SOME_FAILED


@cli.command()
@click.option("--folder", default="demo", type=click.Path(path_type=Path), show_default=True, help="Where it all goes.")
def demo(folder: Path) -> int:
    """Stylize three photographs with two paintings: the main job, on pictures that are at hand."""
    from flows.demo import CONFIG
    from tasks.demo import write_demo
    from tasks.storage.local import LocalStorage

    write_demo(LocalStorage(folder / "contents"), LocalStorage(folder / "styles"))
    places = {"content": folder / "contents", "style": folder / "styles", "output": folder / "output"}
    request = Request(backbones=(CONFIG.backbone,))
    return _batch(CONFIG, request, False, False, **{name: str(at) for name, at in places.items()})
