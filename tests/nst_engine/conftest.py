"""Free the memory that the engine's tests leave behind."""

import gc
import resource
from collections.abc import Iterator

import pytest

from tests.nst_engine.engines import keras_network, shared_network


@pytest.fixture(autouse=True, scope="session")
def _imports_are_not_searched() -> None:
    """What the imports made stays: nobody looks through it for rings of references, which takes a fifth of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _large_networks_go_at_once() -> Iterator[None]:
    """A test that the process grew by leaves no rings of references behind, which Python would look for late."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 1.01 * before:
        gc.collect()


@pytest.fixture(autouse=True, scope="module")
def _networks_go_with_their_file() -> Iterator[None]:
    """Networks go when a file's tests are done, and with them rings of references, which Python frees late."""
    yield
    keras_network.cache_clear()
    shared_network.cache_clear()
    gc.collect()
