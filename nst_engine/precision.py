"""The dtype a network computes in, and its loss scale, as a value: never a global switch."""

from dataclasses import dataclass
from pathlib import Path

from nst_engine.config import PrecisionName


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How a network computes. Pixels, Gram matrices and losses are float32 in every precision.

    Attributes:
        name: what a configuration calls it.
        compute_dtype: dtype of features and convolution weights.
        variable_dtype: Keras dtype policy of layers that must keep float32 statistics.
        loss_scale: first factor on the loss before its gradient is taken; 1 where gradients cannot underflow.
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
    # least CUDA compute capability, best first
    (8, 0): MIXED_BFLOAT16,
    (7, 0): MIXED_FLOAT16,
    (0, 0): FLOAT32,
}


def fastest_on_cpu(cpuinfo: str) -> Precision:
    """bfloat16 where the processor has AMX tiles for it, else float32.

    AVX-512 alone is not enough: its bfloat16 products are no faster than float32 ones once the
    conversions around them are paid for.

    Args:
        cpuinfo: text of `/proc/cpuinfo`.
    """
    return MIXED_BFLOAT16 if "amx_bf16" in cpuinfo.split() else FLOAT32


def fastest_on_gpu(compute_capability: tuple[int, int]) -> Precision:
    """The fastest precision of a GPU's tensor cores, or float32 where it has none."""
    return next(precision for least, precision in _FASTEST_ON_GPU.items() if compute_capability >= least)


def read_cpuinfo() -> str:
    """Text of `/proc/cpuinfo`, empty on a system without one."""
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""
