"""Dynamic weights: keep the gradients of style and content in a chosen ratio.

At the minimum of their sum the two gradients cancel: their ratio is 1, whatever the weights. While a picture settles, a
wanted ratio above 1 therefore keeps raising the style's weight, and a ratio below 1 keeps lowering it; hence the
bounds.
"""

from math import inf, sqrt

from nst_engine.registry.losses import TermWeights

SLACK = 1.5
"""Ratios within this factor of the wanted one change nothing: each change makes the optimizer start again."""

MOST_AT_ONCE = 2.0
"""Largest factor by which a weight changes at once: gradients follow the weights with a delay."""

MOST = 100.0
"""Largest factor by which a weight changes in all."""


def gradient_ratio(content: float, style: float) -> float | None:
    """The ratio of the gradient norms, `style / content`; None if one is 0 or not finite.

    The content's gradient is 0 at the content itself, where a transfer begins.
    """
    ratio = style / content if content > 0 else 0.0
    return ratio if 0 < ratio < inf else None


def balanced(weights: TermWeights, first: TermWeights, ratio: float | None, wanted: float) -> TermWeights:
    """The weights, with the style's changed to bring the ratio of gradients nearer to the wanted one.

    The weights are unchanged if the ratio is unknown or near the wanted one.

    Args:
        weights: the weights under which the ratio was measured.
        first: the weights at the beginning.
        ratio: the ratio of the weighted terms' gradients, from `gradient_ratio`.
        wanted: the ratio to reach.
    """
    if ratio is None or 1 / SLACK <= ratio / wanted <= SLACK:
        return weights
    style = weights.style * min(max(sqrt(wanted / ratio), 1 / MOST_AT_ONCE), MOST_AT_ONCE)
    return weights._replace(style=min(max(style, first.style / MOST), first.style * MOST))
