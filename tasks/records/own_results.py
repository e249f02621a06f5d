"""Finds the results that a batch has written among its own inputs, so that the next one does not stylize them again."""

from posixpath import dirname, splitext

from tasks.records.row import ManifestRow
from tasks.records.sidecar import Sidecar, load_sidecars
from tasks.storage import Storage


def own_results(inputs: Storage, side: str) -> frozenset[str]:
    """The keys of the pictures, snapshots among them, that were made of pictures in the folder that they lie in.

    A result of pictures from elsewhere is an input like any other.

    Args:
        inputs: the storage of the side; it is listed, and the sidecars in it are read.
        side: `content` or `style`.

    Raises:
        StorageError: the storage cannot be listed.
    """
    keys = [entry.key for entry in inputs.list()]
    sidecars = [key for key in keys if key.endswith(".json")]
    own: set[str] = set()
    for key, sidecar in zip(sidecars, load_sidecars(inputs, sidecars), strict=True):
        if isinstance(sidecar, Sidecar) and _is_own(sidecar.row, side):
            name = splitext(key)[0]
            own |= {name + splitext(sidecar.row.output)[1], f"{name}.steps"}
    return frozenset(key for key in keys if key in own or dirname(key) in own)


def _is_own(row: ManifestRow, side: str) -> bool:
    return str(getattr(row, side)).startswith(f"{dirname(row.output)}/")
