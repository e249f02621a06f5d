"""Keras as this engine needs it, whatever the settings of other projects say.

Keras reads its settings from the environment and from `keras.json` in the user's home, for all projects alike. They
belong to the whole process, and are given back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import keras

from nst_engine.errors import ConfigError

_TURN = RLock()


@contextmanager
def own_keras_settings() -> Iterator[None]:
    """Have Keras make what it makes in float32 and with channels last, one thread at a time, until the block ends.

    Raises:
        ConfigError: Keras was loaded with another backend than TensorFlow.
    """
    if keras.config.backend() != "tensorflow":
        raise ConfigError(
            f"Keras was loaded with the backend {keras.config.backend()!r}, and TensorFlow is needed; "
            "import nst_engine before Keras, or set KERAS_BACKEND=tensorflow"
        )
    with _TURN:
        before = keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy()
        _set("channels_last", "float32", "float32")
        try:
            yield
        finally:
            _set(*before)


def _set(image_data_format: str, floatx: str, policy: str | keras.DTypePolicy) -> None:
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
