"""Loading TensorFlow quietly: its chatter is dropped, and no word of anyone else."""

import subprocess
import sys

PROGRAM = """
import logging, os, sys
from threading import Thread
from nst_engine.hardware.quiet_import import drop_native_stderr

logging.basicConfig(format="%(message)s")

def other(text):
    thread = Thread(target=logging.error, args=[text])
    thread.start()
    thread.join()

print("before", file=sys.stderr)
with drop_native_stderr():
    os.write(2, b"chatter")
    print("chatter", file=sys.stderr)
    other("a reason")
    with drop_native_stderr():
        os.write(2, b"chatter")
        other("another")
    os.write(2, b"chatter")
    other("a third")
print("after", file=sys.stderr)
other("at last")
"""


def test_chatter_is_dropped_and_other_threads_are_heard() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - ourselves
    assert done.stderr.split("\n") == ["before", "a reason", "another", "a third", "after", "at last", ""]


SCRIPT = """
from nst_engine import Judge, StyleTransfer
import tensorflow
tensorflow.constant(1.0) + 1.0
"""


def test_a_script_of_ones_own_is_told_nothing_of_absent_gpus() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=300)  # noqa: S603 - ourselves
    assert "cuInit" not in done.stderr
