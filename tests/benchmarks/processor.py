"""What is known of the processor that a benchmark runs on."""

import os
import subprocess
from pathlib import Path

from nst_engine.hardware.precision import read_cpuinfo


def has_amx() -> bool:
    """Whether it multiplies tiles of bfloat16, without which some ratios cannot be reached."""
    return "amx_bf16" in read_cpuinfo().split()


def machine() -> str:
    """Processor, cores, what it multiplies bfloat16 with, and the commit that was measured."""
    cpuinfo = read_cpuinfo()
    models = [line.partition(": ")[2] for line in cpuinfo.splitlines() if line.startswith("model name")]
    known = [name for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512_BF16")) if flag in cpuinfo.split()]
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True, cwd=Path(__file__).parent)  # noqa: S607 - the user's own
    cores, bfloat16 = len(os.sched_getaffinity(0)), " and ".join(known) or "no bfloat16"
    return f"{models[0] if models else 'unknown processor'}, {cores} cores, {bfloat16}, commit {commit.strip()}"
