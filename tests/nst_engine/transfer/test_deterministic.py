"""With `deterministic`, two processes make the same file, byte by byte.

TensorFlow's switch is the whole process's and is never turned back: so each run has a process of its own.
"""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
from hashlib import sha256

from nst_engine import StyleTransfer
from tests.nst_engine.small import content_pixels, small_config, style_pixels

config = small_config(deterministic=True, **json.loads(sys.argv[1]))
result = StyleTransfer(config).run(content_pixels(), style_pixels())
told = {"file": sha256(result.encode()).hexdigest(), "totals": [record.total for record in result.history]}
print(json.dumps(told))
"""


def test_two_processes_make_the_same_file() -> None:
    changes = {"style_loss": "wasserstein", "init": "noise", "iterations": 6}
    command = [sys.executable, "-c", SCRIPT, json.dumps(changes)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603 - ourselves
    first, second = (json.loads(process.communicate()[0]) for process in processes)
    assert first == second
    assert first["totals"][-1] < first["totals"][0]
