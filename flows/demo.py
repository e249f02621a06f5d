"""The configuration of the demo."""

from nst_engine.config import TransferConfig

CONFIG = TransferConfig(backbone="vgg16", weights="packaged", side=256, iterations=30)
"""Small enough for a processor of two cores, real weights, nothing to download."""
