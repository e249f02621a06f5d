"""Settings of Keras for other projects change no picture, and are not changed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest

from nst_engine import StyleTransfer
from nst_engine.errors import ConfigError
from nst_engine.hardware.keras_settings import own_keras_settings
from tests.nst_engine.small import content_pixels, small_config, style_pixels


def settings() -> tuple[str, str, str]:
    return keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy().name


def change(image_data_format: str, floatx: str, policy: str) -> None:
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def _settings_are_given_back() -> Iterator[None]:
    before = settings()
    yield
    change(*before)


@pytest.mark.usefixtures("_settings_are_given_back")
@pytest.mark.parametrize("optimizer", ["adam", "lamb"])
def test_a_picture_is_the_same_whatever_they_say(optimizer: str) -> None:
    config = small_config(optimizer=optimizer, iterations=2)
    pictures = content_pixels(), style_pixels()
    expected = StyleTransfer(config).run(*pictures).image
    theirs = "channels_first", "float16", "mixed_float16"
    change(*theirs)
    np.testing.assert_array_equal(StyleTransfer(config).run(*pictures).image, expected)
    assert settings() == theirs


@pytest.mark.usefixtures("_settings_are_given_back")
def test_they_are_given_back_after_an_error() -> None:
    change("channels_first", "float16", "float16")
    with suppress(ZeroDivisionError), own_keras_settings():
        assert settings() == ("channels_last", "float32", "float32")
        raise ZeroDivisionError
    assert settings() == ("channels_first", "float16", "float16")


def test_another_backend_that_is_loaded_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ConfigError, match="Keras was loaded with the backend 'jax', and TensorFlow is needed; import"):
        StyleTransfer(small_config())


def test_another_backend_is_not_loaded_though_a_variable_and_a_file_ask_for_it(tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "jax"}))
    asked = {"KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path)}
    program = "import nst_engine, keras; print(keras.config.backend())"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | asked)  # noqa: S603 - ours
    assert done.stdout == "tensorflow\n"
