"""The devices that TensorFlow sees, and the precision and compilation that suit each."""

import resource
import sys
from pathlib import Path

import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError, listed
from nst_engine.hardware.precision import PRECISIONS, Precision, fastest_on_cpu, fastest_on_gpu, read_cpuinfo
from nst_engine.registry.losses import STYLE_LOSSES


def devices() -> tuple[str, ...]:
    """The devices of this machine, the best first: `GPU:0`, ..., `CPU:0`."""
    return tuple(
        device.name.removeprefix("/physical_device:")
        for kind in ("GPU", "CPU")
        for device in tf.config.list_physical_devices(kind)
    )


def resolve_device(name: str | None) -> str:
    """The device of that name (`cpu`, `gpu`, `gpu:1`), or the best one for None.

    Raises:
        ConfigError: this machine has no such device.
    """
    present = devices()
    if name is None:
        return present[0]
    full = name.upper() if ":" in name else f"{name.upper()}:0"
    if full not in present:
        raise ConfigError(f"device={name!r} is not there; use {listed(device.lower() for device in present)}")
    return full


def working_devices(name: str | None) -> tuple[str, ...]:
    """The device of that name; for None every GPU, or the CPU if there is no GPU.

    Raises:
        ConfigError: this machine has no such device.
    """
    best = resolve_device(name)
    return (
        tuple(device for device in devices() if device.startswith("GPU")) if name is None and "GPU" in best else (best,)
    )


def resolve_precision(config: TransferConfig, device: str) -> Precision:
    """The precision on that device; `auto` is the fastest."""
    if config.precision != "auto":
        return PRECISIONS[config.precision]
    if device.startswith("CPU"):
        return fastest_on_cpu(read_cpuinfo(), config.backbone)
    physical = tf.config.PhysicalDevice(f"/physical_device:{device}", "GPU")
    details = tf.config.experimental.get_device_details(physical)
    return fastest_on_gpu(details.get("compute_capability", (0, 0)))


def resolve_jit(config: TransferConfig, device: str) -> bool:
    """True if XLA compiles on that device; `auto` asks the registry entry of the style loss."""
    if config.jit != "auto":
        return config.jit == "on"
    return device.partition(":")[0] in STYLE_LOSSES[config.style_loss].jit


def is_turned_conv_faster(precision: Precision, device: str) -> bool:
    """True if convolutions are faster as `TurnedConv2D`: in float32 on a processor with AVX-512, by oneDNN.

    With it, a step of VGG16 on 2 cores is 5 to 12 % shorter at 256 pixels, and was 18 % shorter at 512 in one
    comparison.
    """
    return device.startswith("CPU") and precision.compute_dtype == "float32" and "avx512f" in read_cpuinfo().split()


def peak_memory_mb(device: str) -> float:
    """Peak memory since the program began, in MB: of the GPU, or on a CPU of the process."""
    if device.startswith("GPU"):
        return float(tf.config.experimental.get_memory_info(device)["peak"]) / 1e6
    status = Path("/proc/self/status")
    if status.exists():
        return _high_water_kilobytes(status.read_text()) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _high_water_kilobytes(status: str) -> int:
    """Peak memory of a Linux process; `ru_maxrss` can be its parent's."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
