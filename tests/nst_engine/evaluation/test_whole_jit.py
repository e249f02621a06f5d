"""The objective and its gradient, compiled by XLA: the same numbers by another graph."""

from typing import Any

import pytest
import tensorflow as tf

from nst_engine import StyleTransfer, TransferError, TransferResult
from nst_engine.config import TransferConfig
from nst_engine.losses.objective import Objective
from nst_engine.transfer.optimization_loop import OptimizationLoop
from nst_engine.types import Tensor
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.exhaustion import run_out
from tests.nst_engine.small import content_pixels, noise_pixels, small_config, style_pixels

STYLE = style_pixels()
PAIRS = [(content_pixels(), STYLE), (noise_pixels(), STYLE)]
LAYERS = ("block1_conv1",)


def config_of(**changes: Any) -> TransferConfig:
    fields: dict[str, Any] = {"jit": "on", "iterations": 4, "record_every": 2}
    fields |= dict.fromkeys(("content_layers", "style_layers"), LAYERS)
    return small_config(**(fields | {"learning_rate": 2.0} | changes))


def engine_of(**changes: Any) -> StyleTransfer:
    return shared_engine(config_of(**changes))


def totals(outcome: object) -> list[float]:
    assert isinstance(outcome, TransferResult)
    return [record.total for record in outcome.history]


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> list[OptimizationLoop]:
    """The optimizations that are made from now on."""
    make, made = OptimizationLoop.__init__, list[OptimizationLoop]()

    def kept(self: OptimizationLoop, *arguments: Any) -> None:
        make(self, *arguments)
        made.append(self)

    monkeypatch.setattr(OptimizationLoop, "__init__", kept)
    return made


def compiled_operations(loop: OptimizationLoop) -> list[set[str]]:
    """Types of the operations in each function that XLA compiles, of the graph of steps."""
    functions = loop._advance.graph.as_graph_def().library.function
    return [{node.op for node in each.node_def} for each in functions if each.attr["_XlaMustCompile"].b]


def test_xla_compiles_the_network_and_its_gradient_and_nothing_that_asks_for_more_steps(
    loops: list[OptimizationLoop],
) -> None:
    StyleTransfer(config_of()).run(*PAIRS[0])
    (operations,) = compiled_operations(loops[0])
    assert {"Conv2D", "Conv2DBackpropInput"} <= operations
    assert not {"While", "StatelessWhile", "AssignVariableOp"} & operations


@pytest.mark.parametrize("changes", [{"jit": "off"}, {"jit": "auto"}, {"tile": 16}], ids=str)
def test_the_graph_is_plain_without_it_on_a_processor_and_in_tiles(
    changes: dict[str, Any], loops: list[OptimizationLoop]
) -> None:
    StyleTransfer(config_of(iterations=1, **changes)).run(*PAIRS[0])
    assert [compiled_operations(loop) for loop in loops] == [[]]


@pytest.mark.parametrize("style_loss", ["gram", "wasserstein"])
def test_the_losses_are_those_of_the_plain_graph(style_loss: str) -> None:
    compiled, plain = (engine_of(style_loss=style_loss, jit=jit).run(*PAIRS[0]) for jit in ("on", "off"))
    assert totals(compiled) == pytest.approx(totals(plain), rel=1e-4)
    assert compiled.losses.total < compiled.history[0].total


def test_so_are_those_of_several_pictures_together() -> None:
    compiled, plain = (engine_of(jit=jit).run_batch(PAIRS) for jit in ("on", "off"))
    for ours, theirs in zip(compiled, plain, strict=True):
        assert totals(ours) == pytest.approx(totals(theirs), rel=1e-4)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_so_are_those_of_half_the_precision_but_for_rounding(precision: str) -> None:
    compiled, plain = (engine_of(precision=precision, jit=jit).run(*PAIRS[0]) for jit in ("on", "off"))
    assert compiled.precision == precision
    assert totals(compiled) == pytest.approx(totals(plain), rel=0.02)


def test_so_are_those_of_a_balanced_transfer_by_lbfgs(loops: list[OptimizationLoop]) -> None:
    changes: dict[str, Any] = {"optimizer": "lbfgs", "learning_rate": None, "balance": 1.0}
    compiled, plain = (StyleTransfer(config_of(jit=jit, **changes)).run(*PAIRS[0]) for jit in ("on", "off"))
    assert totals(compiled) == pytest.approx(totals(plain), rel=0.02)
    assert [len(compiled_operations(loop)) for loop in loops] == [1, 0]


def test_memory_that_runs_out_is_answered_with_tiles_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    run_out(monkeypatch, lambda calls, _pictures: calls == 1)
    result = engine_of(side=None).run(content_pixels(300, 24), STYLE)
    assert result.tile == 256
    assert result.stop_reason == "iterations; memory ran out, went on in tiles of 256 pixels"


@pytest.fixture
def unknown_to_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    """An objective with an operation that XLA cannot compile."""
    terms = Objective.terms

    def spelled(self: Objective, *arguments: Any) -> Tensor:
        told = terms(self, *arguments)
        return told + 0 * tf.strings.to_number(tf.strings.as_string(told))

    monkeypatch.setattr(Objective, "terms", spelled)


@pytest.mark.usefixtures("unknown_to_xla")
def test_a_failure_of_xla_is_an_error_of_one_line_that_says_what_to_do() -> None:
    with pytest.raises(
        TransferError, match=r"^XLA failed on CPU:0: .*unsupported operations.*; use jit=off$"
    ) as caught:
        StyleTransfer(config_of()).run(*PAIRS[0])
    assert "\n" not in str(caught.value)
    for outcome in StyleTransfer(config_of()).run_batch(PAIRS):
        assert isinstance(outcome, TransferError)
        assert str(outcome).endswith("; use jit=off")


def test_an_error_of_a_plain_graph_is_not_laid_to_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> Any:
        raise tf.errors.InternalError(None, None, "the device is gone")

    monkeypatch.setattr(OptimizationLoop, "advance", broken)
    with pytest.raises(tf.errors.InternalError, match="the device is gone"):
        engine_of(jit="off").run(*PAIRS[0])
