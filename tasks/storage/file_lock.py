"""Locks on open files, between threads and processes: the only place that speaks to the system's `flock`.

A file is unlocked when it is closed by whoever opened it and whoever inherited it. The system closes it when its holder
ends, however that comes about, so that no lock is ever lost. Some file systems have no locks: there each function
raises `OSError`. Some lock only what is open for writing.
"""

from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from io import BufferedRandom, BufferedWriter


def lock(file: BufferedWriter) -> None:
    """Lock a file; waits until no one else holds it."""
    flock(file, LOCK_EX)


def lock_shared(file: BufferedWriter) -> None:
    """Lock a file together with others who share it; waits until no one holds it alone."""
    flock(file, LOCK_SH)


def try_lock(file: BufferedRandom | BufferedWriter) -> bool:
    """Lock a file unless someone else holds it; returns whether it is locked now."""
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def can_lock(file: BufferedRandom | BufferedWriter) -> bool:
    """True if the file system of a file has locks; the file is locked then, unless someone else holds it."""
    try:
        try_lock(file)
    except OSError:
        return False
    return True
