"""Checks before a transfer that its picture can be written: the output takes its name, the format its size."""

from nst_engine.config import TransferConfig
from nst_engine.images import Photograph, require_format
from nst_engine.transfer.sizes import result_sizes
from tasks.planning.pairs import PairSpec
from tasks.storage import Storage, require_name


def require_names(pair: PairSpec, config: TransferConfig, output: Storage) -> None:
    """Check that the output takes the names of a pair's picture and sidecar.

    Raises:
        StorageError: it refuses one of them.
    """
    for key in (pair.picture_key(config.format), pair.sidecar_key):
        require_name(output, key)


def require_size(config: TransferConfig, content: Photograph) -> None:
    """Check that the format takes the size of the result for a content.

    Raises:
        ImageError: it does not, or the size is too small or too large for a transfer.
    """
    require_format(config.format, *result_sizes(config, content.picture, content.described)[-1])
