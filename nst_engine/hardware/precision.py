"""The dtypes that a network computes in, and its loss scale, as a value, never a global switch."""

from dataclasses import dataclass
from pathlib import Path

from nst_engine.config import PrecisionName
from nst_engine.registry.backbones import backbone_spec


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Dtypes of a network. Pixels, Gram matrices and losses are float32 in every precision.

    Attributes:
        name: its name in a configuration.
        compute_dtype: dtype of features and convolution weights.
        variable_dtype: Keras dtype policy of layers that must keep float32 statistics.
        loss_scale: initial factor on the loss before its gradient is taken; 1 if gradients cannot underflow.
    """

    name: PrecisionName
    compute_dtype: str
    variable_dtype: str
    loss_scale: float = 1.0


FLOAT32 = Precision(name="float32", compute_dtype="float32", variable_dtype="float32")
MIXED_BFLOAT16 = Precision(name="mixed_bfloat16", compute_dtype="bfloat16", variable_dtype="mixed_bfloat16")
MIXED_FLOAT16 = Precision(
    name="mixed_float16", compute_dtype="float16", variable_dtype="mixed_float16", loss_scale=2.0**15
)

PRECISIONS = {precision.name: precision for precision in (FLOAT32, MIXED_BFLOAT16, MIXED_FLOAT16)}

_FASTEST_ON_GPU = {
    # by least CUDA compute capability, the best first
    (8, 0): MIXED_BFLOAT16,
    (7, 0): MIXED_FLOAT16,
    (0, 0): FLOAT32,
}


def fastest_on_cpu(cpuinfo: str, backbone: str) -> Precision:
    """The faster precision on a processor: bfloat16 or float32.

    It is bfloat16 with AMX (not measured), and with AVX512_BF16 for backbones that are not depthwise: on two cores at
    256 pixels, a step of VGG is 1.9 times as fast in bfloat16 as in float32, of ResNet50 1.15 times, of the
    MobileNets 0.78 and 0.9 times. Other processors convert each bfloat16 number to float32 and back.

    Args:
        cpuinfo: text of `/proc/cpuinfo`.
        backbone: name of the backbone.
    """
    flags = cpuinfo.split()
    gains = "amx_bf16" in flags or ("avx512_bf16" in flags and not backbone_spec(backbone).depthwise)
    return MIXED_BFLOAT16 if gains else FLOAT32


def fastest_on_gpu(compute_capability: tuple[int, int]) -> Precision:
    """The fastest precision of a GPU's tensor cores; float32 if it has none."""
    return next(precision for least, precision in _FASTEST_ON_GPU.items() if compute_capability >= least)


def read_cpuinfo() -> str:
    """Text of `/proc/cpuinfo`; empty if the system has none."""
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""
