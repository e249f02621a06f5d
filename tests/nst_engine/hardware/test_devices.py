from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from nst_engine import ConfigError, TransferConfig
from nst_engine.hardware.devices import (
    devices,
    is_turned_conv_faster,
    peak_memory_mb,
    resolve_device,
    resolve_jit,
    resolve_precision,
    working_devices,
)
from nst_engine.hardware.precision import FLOAT32, MIXED_BFLOAT16, MIXED_FLOAT16, Precision
from nst_engine.registry.losses import STYLE_LOSSES
from tests.nst_engine.small import small_config


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says it has two GPUs."""
    names = {"GPU": ("GPU:0", "GPU:1"), "CPU": ("CPU:0",)}

    def present(kind: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=f"/physical_device:{name}") for name in names[kind]]

    monkeypatch.setattr(tf.config, "list_physical_devices", present)


def test_there_is_always_a_processor_and_it_comes_last() -> None:
    assert devices()[-1] == "CPU:0"
    assert resolve_device("cpu") == "CPU:0"


@pytest.mark.usefixtures("two_gpus")
def test_gpus_come_before_the_processor() -> None:
    assert devices() == ("GPU:0", "GPU:1", "CPU:0")
    assert resolve_device(None) == "GPU:0"


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("name", "device"), [("gpu", "GPU:0"), ("gpu:1", "GPU:1"), ("GPU:0", "GPU:0"), ("cpu", "CPU:0"), ("cpu:0", "CPU:0")]
)
def test_names_are_short_and_in_any_case(name: str, device: str) -> None:
    assert resolve_device(name) == device


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("name", ["gpu:2", "tpu", ""])
def test_refuses_a_device_that_is_not_there_and_lists_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device='{name}' is not there; use gpu:0, gpu:1 or cpu:0"):
        resolve_device(name)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("name", "expected"), [(None, ("GPU:0", "GPU:1")), ("gpu", ("GPU:0",)), ("gpu:1", ("GPU:1",)), ("cpu", ("CPU:0",))]
)
def test_work_for_no_device_in_particular_goes_to_all_gpus(name: str | None, expected: tuple[str, ...]) -> None:
    assert working_devices(name) == expected


def test_work_goes_to_the_processor_where_there_is_no_gpu() -> None:
    assert working_devices(None) == working_devices("cpu") == ("CPU:0",)


def test_auto_asks_what_the_processor_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags, expected in {"flags : amx_bf16": MIXED_BFLOAT16, "flags : avx2": FLOAT32}.items():
        monkeypatch.setattr("nst_engine.hardware.devices.read_cpuinfo", lambda flags=flags: flags)
        assert resolve_precision(small_config(precision="auto"), "CPU:0") == expected


def test_auto_asks_which_backbone_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_engine.hardware.devices.read_cpuinfo", lambda: "flags : avx512_bf16")
    for backbone, expected in {"vgg19": MIXED_BFLOAT16, "mobilenet_v2": FLOAT32}.items():
        assert resolve_precision(TransferConfig(backbone=backbone), "CPU:0") == expected


def test_auto_asks_for_the_compute_capability_of_that_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    capabilities = {"/physical_device:GPU:0": {"compute_capability": (7, 5)}, "/physical_device:GPU:1": {}}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: capabilities[device.name])
    assert resolve_precision(small_config(precision="auto"), "GPU:0") == MIXED_FLOAT16
    assert resolve_precision(small_config(precision="auto"), "GPU:1") == FLOAT32


@pytest.mark.parametrize("device", ["CPU:0", "GPU:3"])
def test_a_precision_named_is_the_precision_used(device: str) -> None:
    assert resolve_precision(small_config(precision="mixed_float16"), device) == MIXED_FLOAT16


@pytest.mark.parametrize("device", ["GPU:0", "GPU:1"])
@pytest.mark.parametrize(("style_loss", "expected"), [("gram", True), ("wasserstein", False)])
def test_auto_compiles_what_the_registry_says_of_the_device(
    device: str, style_loss: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STYLE_LOSSES, "gram", replace(STYLE_LOSSES["gram"], jit=("GPU",)))
    assert resolve_jit(small_config(jit="auto", style_loss=style_loss), device) is expected


@pytest.mark.parametrize("device", ["CPU:0", "GPU:0"])
@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_auto_compiles_nothing_where_it_is_slower_or_was_not_measured(device: str, style_loss: str) -> None:
    assert resolve_jit(small_config(jit="auto", style_loss=style_loss), device) is False


@pytest.mark.parametrize("device", ["CPU:0", "GPU:3"])
@pytest.mark.parametrize("style_loss", ["gram", "wasserstein"])
def test_jit_on_and_off_hold_on_every_device(device: str, style_loss: str) -> None:
    assert resolve_jit(small_config(jit="on", style_loss=style_loss), device) is True
    assert resolve_jit(small_config(jit="off", style_loss=style_loss), device) is False


def test_peak_memory_of_the_process_counts_what_was_used() -> None:
    filled = np.ones(50_000_000)
    assert peak_memory_mb("CPU:0") > filled.nbytes / 1e6


def test_peak_memory_of_a_gpu_is_what_the_gpu_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda device: {"peak": len(device) * 1e6})
    assert peak_memory_mb("GPU:0") == 5


@pytest.mark.parametrize(
    ("precision", "device", "flags", "expected"),
    [
        (FLOAT32, "CPU:0", "avx2 avx512f amx_bf16", True),
        (FLOAT32, "CPU:0", "avx2", False),
        (FLOAT32, "GPU:0", "avx2 avx512f", False),
        (MIXED_BFLOAT16, "CPU:0", "avx2 avx512f", False),
    ],
)
def test_convolutions_are_turned_where_that_was_measured_to_be_faster(
    monkeypatch: pytest.MonkeyPatch, precision: Precision, device: str, flags: str, expected: bool
) -> None:
    monkeypatch.setattr("nst_engine.hardware.devices.read_cpuinfo", lambda: f"flags\t\t: {flags}\n")
    assert is_turned_conv_faster(precision, device) is expected
