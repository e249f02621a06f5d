"""Loading TensorFlow without its chatter: it writes to stderr before it can be told not to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import RLock, get_ident
from types import ModuleType
from typing import TextIO

_dropping = RLock()


def import_quietly(module: str) -> ModuleType:
    """Import a module that loads TensorFlow; what native code writes to stderr meanwhile is dropped."""
    with native_stderr_dropped():
        return import_module(module)


@contextmanager
def native_stderr_dropped() -> Iterator[None]:
    """What native code writes to stderr inside is dropped, and what this thread writes; other threads are heard.

    One thread at a time does this: stderr is the process's.
    """
    with _dropping, _others_heard(sys.stderr):
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _others_heard(stream: TextIO) -> Iterator[None]:
    """What other threads write to a stream goes where it went before: why a run ends may be among it."""
    if not _is_native(stream) or "write" in vars(stream):
        yield
        return
    here, write = get_ident(), stream.write
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=stream.encoding, errors=stream.errors) as heard:
        stream.write = lambda text: write(text) if get_ident() == here else heard.write(text)  # type: ignore[method-assign]
        try:
            yield
        finally:
            del stream.write


def _is_native(stream: TextIO) -> bool:
    """Whether a stream ends in the descriptor that native code writes to."""
    try:
        return stream.fileno() == 2
    except OSError:
        return False
