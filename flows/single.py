"""One picture, without Prefect."""

from pathlib import Path

from flows.progress import step_bar
from nst_engine import StyleTransfer, TransferConfig
from nst_engine.images import read_photograph, require_savable
from nst_engine.pyramid import result_sizes


def stylize_one(content: Path, style: Path, output: Path, config: TransferConfig, device: str | None) -> str:
    """Stylize one picture, with a bar on a terminal; returns a line on what became of it.

    Raises:
        NightbrushError: a picture cannot be read or written, or the transfer cannot go on.
    """
    require_savable(output)
    pictures = read_photograph(content), read_photograph(style)
    engine = StyleTransfer(config, device)
    with step_bar(len(result_sizes(config, pictures[0].picture)) * config.iterations) as on_record:
        result = engine.run(*pictures, on_record=on_record)
    width, height = result.size
    losses = result.losses
    return (
        f"{result.save(output)}: {width}x{height} pixels in {result.seconds:.1f} s "
        f"({result.precision} on {result.device}), {result.iterations} steps, total loss {losses.total:.4g} "
        f"(content {losses.content:.4g}, style {losses.style:.4g}, tv {losses.tv:.4g})"
    )
