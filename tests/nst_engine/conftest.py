"""What the tests of the engine leave behind."""

import gc
from collections.abc import Iterator

import pytest

from tests.nst_engine.engines import keras_network, shared_network


@pytest.fixture(autouse=True, scope="session")
def _imports_are_not_searched() -> None:
    """What the imports made stays: nobody looks through it for rings of references, which takes a fifth of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back() -> Iterator[None]:
    """Networks go when a file's tests are done, and with them rings of references, which Python frees late."""
    yield
    keras_network.cache_clear()
    shared_network.cache_clear()
    gc.collect()
