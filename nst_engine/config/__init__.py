"""The configuration of a transfer: one immutable value, checked when it is made.

`transfer_config` defines it: each field with its default and its meaning. `validation` refuses values that are not
allowed, alone or together; `bounds` are those of the numbers. `presets` names complete configurations, `from_text`
parses the text of a field. `releases` says what configurations have meant in each release.

May import `nst_engine.registry` and `errors`; never TensorFlow. The names below are what others use.

Start reading at `transfer_config.TransferConfig`.
"""

from nst_engine.config.transfer_config import Format, Pooling, PrecisionName, TransferConfig

__all__ = ["Format", "Pooling", "PrecisionName", "TransferConfig"]
