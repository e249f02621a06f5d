import pytest
import tensorflow as tf

from nst_engine.hardware.precision import (
    FLOAT32,
    MIXED_BFLOAT16,
    MIXED_FLOAT16,
    PRECISIONS,
    Precision,
    fastest_on_cpu,
    fastest_on_gpu,
    read_cpuinfo,
)
from nst_engine.registry.backbones import BACKBONES


@pytest.mark.parametrize(
    ("flags", "backbone", "expected"),
    [
        ("flags : fpu avx2 avx512_bf16 amx_bf16 amx_tile", "vgg19", MIXED_BFLOAT16),
        ("flags : fpu avx2 avx512_bf16 amx_bf16 amx_tile", "mobilenet_v2", MIXED_BFLOAT16),
        ("flags : fpu avx2 avx512f avx512_bf16", "vgg16", MIXED_BFLOAT16),
        ("flags : fpu avx2 avx512f avx512_bf16", "resnet50", MIXED_BFLOAT16),
        ("flags : fpu avx2 avx512f avx512_bf16", "mobilenet_v2", FLOAT32),
        ("flags : fpu avx2 avx512f avx512_bf16", "mobilenet_v3", FLOAT32),
        ("flags : fpu avx2 avx512f avx512_vnni", "vgg19", FLOAT32),
        ("flags : fpu sse2 avx2", "vgg19", FLOAT32),
        ("flags : no_amx_bf16_here", "vgg19", FLOAT32),
        ("Features : fp asimd bf16", "vgg19", FLOAT32),
        ("", "vgg19", FLOAT32),
    ],
)
def test_a_processor_computes_in_bfloat16_where_that_is_faster(flags: str, backbone: str, expected: Precision) -> None:
    assert fastest_on_cpu(f"processor : 0\n{flags}\nbugs :\n", backbone) == expected


def test_the_backbones_that_are_slower_in_bfloat16_are_backbones() -> None:
    cpuinfo = "flags : avx512_bf16"
    slower = [name for name in BACKBONES if fastest_on_cpu(cpuinfo, name) == FLOAT32]
    assert slower == [name for name in BACKBONES if name.startswith("mobilenet")]


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
def test_a_gpu_computes_in_a_dtype_of_its_tensor_cores(capability: tuple[int, int], expected: Precision) -> None:
    assert fastest_on_gpu(capability) == expected


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_every_precision_is_known_to_tensorflow_and_scales_only_what_can_underflow(precision: Precision) -> None:
    compute = tf.as_dtype(precision.compute_dtype)
    assert PRECISIONS[precision.name] is precision
    assert (precision.loss_scale > 1) == (compute.max < tf.float32.max / 2**10)


def test_reads_what_the_system_says_of_its_processor() -> None:
    assert isinstance(read_cpuinfo(), str)
