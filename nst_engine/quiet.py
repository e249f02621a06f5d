"""Loading TensorFlow without its chatter: it writes to stderr before it can be told not to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType

_dropping = RLock()


def import_quietly(module: str) -> ModuleType:
    """Import a module that loads TensorFlow; what native code writes to stderr meanwhile is dropped."""
    with native_stderr_dropped():
        return import_module(module)


@contextmanager
def native_stderr_dropped() -> Iterator[None]:
    """What native code writes to stderr inside is dropped. One thread at a time does this: stderr is the process's."""
    with _dropping:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
