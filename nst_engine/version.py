"""The version of Nightbrush."""

__version__ = "0.1.0"
