"""One picture, without Prefect."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flows.progress import step_bar
from nst_engine import StyleTransfer, TransferConfig, TransferResult
from nst_engine.images import Photograph, read_photograph, require_savable, save
from nst_engine.pyramid import result_sizes
from nst_engine.types import Picture


def stylize_one(content: Path, style: Path, output: Path, config: TransferConfig, device: str | None) -> str:
    """Stylize one picture, with a bar on a terminal; returns a line on what became of it.

    Raises:
        NightbrushError: a picture cannot be read or written, or the transfer cannot go on.
    """
    require_savable(output)
    on_snapshot = partial(_save_snapshot, output, config.quality)
    result = transfer(read_photograph(content), read_photograph(style), config, device, on_snapshot)
    width, height = result.size
    losses = result.losses
    told = "" if result.stop_reason == "iterations" else f" ({result.stop_reason})"
    return (
        f"{result.save(output)}: {width}x{height} pixels in {result.seconds:.1f} s "
        f"({result.precision} on {result.device}), {result.iterations} steps{told}, total loss {losses.total:.4g} "
        f"(content {losses.content:.4g}, style {losses.style:.4g}, tv {losses.tv:.4g})"
    )


def transfer(
    content: Photograph,
    style: Photograph,
    config: TransferConfig,
    device: str | None,
    on_snapshot: Callable[[int, Picture], Any] | None = None,
) -> TransferResult:
    """Stylize pictures that were read, with a bar on a terminal; the arguments are those of `StyleTransfer`.

    Raises:
        NightbrushError: a picture is too small, the machine has no such device, or the transfer cannot go on.
    """
    engine = StyleTransfer(config, device)
    with step_bar(len(result_sizes(config, content.picture)) * config.iterations) as on_record:
        return engine.run(content, style, on_record, on_snapshot)


def _save_snapshot(output: Path, quality: int, steps: int, picture: Picture) -> None:
    save(picture, output.with_stem(f"{output.stem}-{steps:05d}"), quality)
