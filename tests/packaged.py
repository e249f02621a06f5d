"""Packaged weights: tests that need them are skipped where they are not on this machine."""

import pytest

from nst_engine.backbones.weights import packaged_path
from nst_engine.registry.weights import TRAINED, Package, TrainedWeights


def needs_packaged(*backbones: str) -> pytest.MarkDecorator:
    """Skip a test where the packaged weights of one of the backbones are not here."""
    absent = [name for name in backbones if not packaged_path(name).is_file()]
    return pytest.mark.skipif(bool(absent), reason=f"needs weights; run: nightbrush weights get {' '.join(absent)}")


def packaged(backbone: str) -> tuple[TrainedWeights, Package]:
    """The row of a backbone's packaged weights, and their package."""
    known = TRAINED[backbone, "packaged"]
    assert known.package is not None
    return known, known.package
