"""Stylize one picture, without Prefect."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from flows.progress import step_bar
from nst_engine import ConfigError, TransferConfig, TransferResult
from nst_engine.errors import ImageError
from nst_engine.images import Photograph, read_photograph, require_savable, save
from nst_engine.transfer.sizes import result_sizes
from nst_engine.types import Picture
from tasks.local_state.unsaved import keep
from tasks.making.engines import engine


def stylize_one(
    content: Path, style: Path, output: Path, config: TransferConfig, device: str | None, with_profile: bool = False
) -> str:
    """Stylize one picture, with a bar on a terminal; returns a line that describes the result.

    Args:
        content, style, output: files.
        config: what the transfer does.
        device: as for `StyleTransfer`.
        with_profile: True to add lines on where the time of a step goes.

    Raises:
        NightbrushError: a picture cannot be read or written, or the transfer cannot go on.
    """
    require_savable(output)
    require_apart(output, (content, style, *config.files), with_snapshots=config.snapshot_every > 0)
    on_snapshot = partial(_save_snapshot, output, config.quality)
    pictures = read_photograph(content), read_photograph(style)
    require_savable(output, result_sizes(config, pictures[0].picture, pictures[0].described)[-1])
    result = transfer(*pictures, config, device, on_snapshot)
    lines = [_describe_saved(result, output), *result.notes]
    return "\n".join([*lines, *(_profile_lines(*pictures, config, device) if with_profile else ())])


def require_apart(output: Path, inputs: Iterable[str | Path], with_snapshots: bool = False) -> None:
    """Refuse an output that is one of the inputs, or whose snapshots may be, before it is overwritten.

    Raises:
        ConfigError: it is.
    """
    for path in map(Path, inputs):
        if output.exists() and path.exists() and output.samefile(path):
            raise ConfigError(f"output {str(output)!r} is the picture {str(path)!r} itself; choose another name")
        if with_snapshots and _is_snapshot(path, output):
            raise ConfigError(
                f"picture {str(path)!r} has the name of a snapshot of {str(output)!r}; choose another name"
            )


def _is_snapshot(path: Path, output: Path) -> bool:
    named = re.fullmatch(rf"{re.escape(output.stem)}-\d{{5,}}{re.escape(output.suffix)}", path.name)
    return named is not None and path.absolute().parent == output.absolute().parent


def save_result(result: TransferResult, output: Path) -> Path:
    """Write the picture of a result; returns its path.

    Raises:
        ImageError: it cannot be written; it is kept on this machine if possible.
    """
    try:
        return result.save(output)
    except ImageError as error:
        keep(result, f"{output.stem}-{uuid4().hex}", error)


def _describe_saved(result: TransferResult, output: Path) -> str:
    """Write the picture of a result; returns a line about it."""
    width, height = result.size
    losses = result.losses
    reason = "" if result.stop_reason == "iterations" else f" ({result.stop_reason})"
    return (
        f"{save_result(result, output)}: {width}x{height} pixels in {result.seconds:.1f} s "
        f"({result.precision} on {result.device}), {result.iterations} steps{reason}, total loss {losses.total:.4g} "
        f"(content {losses.content:.4g}, style {losses.style:.4g}, tv {losses.tv:.4g})"
    )


def _profile_lines(content: Photograph, style: Photograph, config: TransferConfig, device: str | None) -> Iterator[str]:
    """A line for each part of a step, with its share of the time."""
    from nst_engine.transfer.step_profile import profile

    shares = profile(engine(config, device), content, style)
    whole = sum(share.seconds for share in shares)
    yield f"A step takes {1000 * whole:.0f} ms at the size of the result:"
    yield from (f"{share.seconds / whole:7.1%}  {1000 * share.seconds:7.1f} ms  {share.part}" for share in shares)


def transfer(
    content: Photograph,
    style: Photograph,
    config: TransferConfig,
    device: str | None,
    on_snapshot: Callable[[int, Picture], Any] | None = None,
) -> TransferResult:
    """Stylize pictures in memory, with a bar on a terminal; the arguments are those of `StyleTransfer`.

    Raises:
        NightbrushError: a picture is too small, the machine has no such device, or the transfer cannot go on.
    """
    transfers = engine(config, device)
    with step_bar(len(result_sizes(config, content.picture, content.described)) * config.steps) as on_record:
        return transfers.run(content, style, on_record, on_snapshot)


def _save_snapshot(output: Path, quality: int, steps: int, picture: Picture) -> None:
    save(picture, output.with_stem(f"{output.stem}-{steps:05d}"), quality)
