"""What the tests of the engine leave behind."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _imports_are_not_searched() -> None:
    """What the imports made stays: nobody looks through it for rings of references, which takes a fifth of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back() -> Iterator[None]:
    """Networks and graphs are rings of references, which Python frees late: here, when a file's tests are done."""
    yield
    gc.collect()
