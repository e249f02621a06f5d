"""Dynamic weights: the gradients of style and content kept in a chosen ratio.

Where the sum of both is least, the two cancel: their ratio is then 1, whatever the weights. A wanted ratio above 1
therefore keeps raising the style's weight while a picture settles, and one below 1 keeps lowering it; hence the bounds.
"""

from math import inf, sqrt

from nst_engine.registry.losses import TermWeights

SLACK = 1.5
"""A ratio of gradients is let be within this factor of the wanted one: each change makes the optimizer begin anew."""

MOST_AT_ONCE = 2.0
"""Factor that a weight changes by at most in one step: gradients follow the weights, with a delay."""

MOST = 100.0
"""Factor that a weight changes by at most in all."""


def gradient_ratio(content: float, style: float) -> float | None:
    """Norm of the style's gradient in norms of the content's; None where that says nothing: one is 0 or not finite.

    The content's is 0 at the content itself, where a transfer begins.
    """
    ratio = style / content if content > 0 else 0.0
    return ratio if 0 < ratio < inf else None


def balanced(weights: TermWeights, first: TermWeights, ratio: float | None, wanted: float) -> TermWeights:
    """The weights to go on with, of which the style's is nearer to where the ratio is the wanted one.

    The same weights are returned where the ratio is unknown or near the wanted one.

    Args:
        weights: with which the gradients were taken.
        first: those of the beginning.
        ratio: of the gradients of the weighted terms, as `gradient_ratio` gives it.
        wanted: the ratio to come to.
    """
    if ratio is None or 1 / SLACK <= ratio / wanted <= SLACK:
        return weights
    style = weights.style * min(max(sqrt(wanted / ratio), 1 / MOST_AT_ONCE), MOST_AT_ONCE)
    return weights._replace(style=min(max(style, first.style / MOST), first.style * MOST))
