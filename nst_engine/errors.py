"""The exceptions that Nightbrush raises on purpose.

    NightbrushError            any error below; its text is one line
    ├── ConfigError            a configuration field with a value that is not allowed
    ├── ImageError             a picture that cannot be read or written
    ├── WeightsError           backbone weights that are absent, damaged or do not fit
    ├── TransferError          an optimization that cannot go on
    ├── PainterError           a painter that cannot be read, or cannot learn
    └── CheckpointError        bytes from which a transfer cannot be resumed

Each text says what is wrong, the value, what is allowed and what to do.
"""

from collections.abc import Iterable


class NightbrushError(Exception):
    """Base of every error that Nightbrush raises on purpose."""


class ConfigError(NightbrushError, ValueError):
    """A configuration field has a value that is not allowed."""


class ImageError(NightbrushError):
    """A picture cannot be decoded or encoded."""


class WeightsError(NightbrushError):
    """Backbone weights are absent, damaged or do not fit the network."""


class TransferError(NightbrushError):
    """An optimization cannot go on."""


class PainterError(NightbrushError):
    """A painter cannot be read, or has nothing to learn from."""


class CheckpointError(NightbrushError):
    """Bytes are not a checkpoint, or are damaged."""


def listed(names: Iterable[str], conjunction: str = "or") -> str:
    """The names as a phrase for an error text: `a, b or c`."""
    *head, last = names
    return f"{', '.join(head)} {conjunction} {last}" if head else last
