"""Which loss terms there are, as data: loads no TensorFlow."""

from typing import NamedTuple


class TermWeights(NamedTuple):
    """What each loss term is multiplied by in the total; the fields are the terms, in their order everywhere."""

    content: float
    style: float
    tv: float


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
