"""Import TensorFlow quietly: it writes to stderr before its log level can be set."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import RLock, get_ident
from types import ModuleType
from typing import TextIO

_STDERR_LOCK = RLock()


def import_quietly(module: str) -> ModuleType:
    """Import a module that loads TensorFlow, and drop what native code writes to stderr meanwhile.

    TensorFlow looks for its devices too, which it would else do at first use, with a complaint where there is no GPU.
    """
    with drop_native_stderr():
        imported = import_module(module)
        if tensorflow := sys.modules.get("tensorflow"):
            tensorflow.config.list_physical_devices()
        return imported


@contextmanager
def drop_native_stderr() -> Iterator[None]:
    """Drop what native code and this thread write to stderr inside; other threads' text still appears.

    One thread at a time: stderr belongs to the whole process.
    """
    with _STDERR_LOCK, _keep_other_threads(sys.stderr):
        sys.stderr.flush()
        original = os.dup(2)
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(original, 2)
            os.close(original)


@contextmanager
def _keep_other_threads(stream: TextIO) -> Iterator[None]:
    """Send what other threads write to the stream to its old place: it may say why a run ends."""
    if not _is_native(stream) or "write" in vars(stream):
        yield
        return
    here, write = get_ident(), stream.write
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=stream.encoding, errors=stream.errors) as unchanged:
        stream.write = lambda text: write(text) if get_ident() == here else unchanged.write(text)  # type: ignore[method-assign]  # for a while
        try:
            yield
        finally:
            del stream.write


def _is_native(stream: TextIO) -> bool:
    """True if the stream writes to file descriptor 2, as native code does."""
    try:
        return stream.fileno() == 2
    except OSError:
        return False
