"""Which loss terms and which style losses there are, as data: loads no TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

Formulation = Literal["mean", "gatys", "share"]
DeviceKind = Literal["GPU", "CPU"]

_STEEPNESS = 1.5
"""How fast the weights' ratio changes with the strength."""


class TermWeights(NamedTuple):
    """What each loss term is multiplied by in the total; the fields are the terms, in their order everywhere."""

    content: float
    style: float
    tv: float

    def at(self, strength: float) -> Self:
        """These weights moved towards the content alone, at a strength of 0, or the style alone, at 1.

        At 0.5 they are as they were. Their ratio grows by the power 1.5 of `strength / (1 - strength)`.
        """
        content, style = (2 * (1 - strength)) ** _STEEPNESS, (2 * strength) ** _STEEPNESS
        return self._replace(content=content * self.content, style=style * self.style)


TERMS = TermWeights._fields
"""Names of the loss terms. Each has a `<term>_weight` in the configuration and a `<term>_loss` in a batch's tables."""

LOSS_NAMES = (*TERMS, "total")
"""What a vector of losses holds, in its order: the terms, then their weighted sum."""

TOTAL = LOSS_NAMES.index("total")
"""Index of the total in a vector of losses."""

WEIGHT_FIELDS = tuple(f"{term}_weight" for term in TERMS)
"""The fields of the configuration that weigh the terms, in the order of the terms."""

LOSS_TITLES = {"content": "Content loss", "style": "Style loss", "tv": "TV loss", "total": "Total loss"}
"""What a heading calls each loss."""


@dataclass(frozen=True, kw_only=True)
class StyleFormulation:
    """A style loss in one formulation.

    Attributes:
        builder: `module:function` that builds its `StyleLoss`, called with nothing.
        weights: those of all terms beside it, where a configuration leaves them out.
    """

    builder: str
    weights: TermWeights


@dataclass(frozen=True, kw_only=True)
class StyleLossSpec:
    """A style loss as data.

    Attributes:
        formulations: those that it has.
        tileable: whether its statistics are means over places, so that those of tiles add up.
        jit: the kinds of device on which `jit=auto` has XLA compile the objective with it. There is none yet. On a CPU
            the plain graph is faster: VGG16 at 256 pixels in float32, on 2 cores, takes 0.54 s a step, compiled 0.62 s.
            GPUs are not measured: there XLA would fuse the many small operations around the convolutions (bias, ReLU,
            the losses), each of which is a kernel of its own otherwise, and needs CUDA's compiler.
    """

    formulations: Mapping[Formulation, StyleFormulation]
    tileable: bool = True
    jit: tuple[DeviceKind, ...] = ()


_SHARES = TermWeights(content=1.0, style=15.0, tv=0.3)
"""Shares mean the same with every style loss, so that one set of weights does for all."""

STYLE_LOSSES = {
    "gram": StyleLossSpec(
        formulations={
            "mean": StyleFormulation(
                builder="nst_engine.losses.gram:mean_gram", weights=TermWeights(content=1.0, style=0.03, tv=0.01)
            ),
            "gatys": StyleFormulation(
                builder="nst_engine.losses.gram:gatys_gram", weights=TermWeights(content=1.0, style=5e4, tv=0.03)
            ),
            "share": StyleFormulation(builder="nst_engine.losses.centred_gram:centred_gram", weights=_SHARES),
        },
    ),
    # XLA takes eigenvalues by Jacobi's method: on the CPU of `jit` 10.4 s a step against 0.62 s
    "wasserstein": StyleLossSpec(
        formulations={
            "mean": StyleFormulation(
                builder="nst_engine.losses.wasserstein:wasserstein",
                weights=TermWeights(content=1.0, style=0.5, tv=0.01),
            ),
            "share": StyleFormulation(builder="nst_engine.losses.wasserstein:wasserstein", weights=_SHARES),
        },
    ),
    # features are compared about their own mean, which tiles do not know
    "neighbours": StyleLossSpec(
        formulations={
            "mean": StyleFormulation(
                builder="nst_engine.losses.neighbours:neighbours",
                weights=TermWeights(content=1.0, style=100.0, tv=0.01),
            ),
            "share": StyleFormulation(builder="nst_engine.losses.neighbours:neighbours", weights=_SHARES),
        },
        tileable=False,
    ),
}
