import pytest
import tensorflow as tf

from nst_engine.precision import (
    FLOAT32,
    MIXED_BFLOAT16,
    MIXED_FLOAT16,
    PRECISIONS,
    Precision,
    fastest_on_cpu,
    fastest_on_gpu,
    read_cpuinfo,
)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx2 avx512_bf16 amx_bf16 amx_tile", MIXED_BFLOAT16),
        ("flags : fpu avx2 avx512f avx512_bf16", FLOAT32),
        ("flags : fpu sse2 avx2", FLOAT32),
        ("flags : no_amx_bf16_here", FLOAT32),
        ("Features : fp asimd bf16", FLOAT32),
        ("", FLOAT32),
    ],
)
def test_a_processor_computes_in_bfloat16_where_it_has_tiles_for_it(flags: str, expected: Precision) -> None:
    assert fastest_on_cpu(f"processor : 0\n{flags}\nbugs :\n") == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ((9, 0), MIXED_BFLOAT16),
        ((12, 0), MIXED_BFLOAT16),
        ((8, 6), MIXED_BFLOAT16),
        ((8, 0), MIXED_BFLOAT16),
        ((7, 5), MIXED_FLOAT16),
        ((7, 0), MIXED_FLOAT16),
        ((6, 1), FLOAT32),
        ((0, 0), FLOAT32),
    ],
)
def test_a_gpu_computes_in_what_its_tensor_cores_know(capability: tuple[int, int], expected: Precision) -> None:
    assert fastest_on_gpu(capability) == expected


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_every_precision_is_known_to_tensorflow_and_scales_only_what_can_underflow(precision: Precision) -> None:
    compute = tf.as_dtype(precision.compute_dtype)
    assert PRECISIONS[precision.name] is precision
    assert (precision.loss_scale > 1) == (compute.max < tf.float32.max / 2**10)


def test_reads_what_the_system_says_of_its_processor() -> None:
    assert isinstance(read_cpuinfo(), str)
