"""What a transfer does, as one immutable value that is checked when it is made.

`transfer_config` is that value: each field with its default and its meaning. `validation` says which values are
allowed, alone and together, `bounds` which numbers. `presets` names complete configurations, `from_text` reads a field
that a person typed.

May import `nst_engine.registry` and `errors`; never TensorFlow. The names below are what others use.

Start reading at `transfer_config.TransferConfig`.
"""

from nst_engine.config.transfer_config import (
    DEFAULT_WEIGHTS,
    Format,
    Pooling,
    PrecisionName,
    StyleLossName,
    TransferConfig,
)

__all__ = ["DEFAULT_WEIGHTS", "Format", "Pooling", "PrecisionName", "StyleLossName", "TransferConfig"]
