"""A transfer on its way, as something that can be kept: bytes from which it goes on after its process has ended."""

import json
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np

from nst_engine.errors import CheckpointError
from nst_engine.types import Picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """How far a transfer is.

    What an optimizer remembers of its last steps is no part of it, for it is many times the size of the picture: a
    transfer that goes on from here builds it up anew, and so ends close to where it would have ended, not at the same
    bytes.

    Attributes:
        level: index of the level, 0 being the coarsest.
        done: steps of that level that are taken.
        picture: as it is optimized, [height, width, 3], float32, sRGB in [0, 1].
        account: of the transfer, as plain values: its records, weights, rate and seconds.
    """

    level: int
    done: int
    picture: Picture
    account: dict[str, Any]

    @cached_property
    def steps(self) -> int:
        """Steps taken, all levels together."""
        return int(self.account["steps"])

    @cached_property
    def seconds(self) -> float:
        """Wall seconds of the optimization so far."""
        return float(self.account["spent"]["optimize"])

    def to_bytes(self) -> bytes:
        """An uncompressed NumPy archive: the picture, and the rest as JSON."""
        told = {"level": self.level, "done": self.done, "account": self.account}
        file = BytesIO()
        np.savez(file, picture=self.picture, told=np.frombuffer(json.dumps(told).encode(), np.uint8))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The checkpoint that `to_bytes` wrote.

        Raises:
            CheckpointError: the bytes are none.
        """
        try:
            with np.load(BytesIO(data), allow_pickle=False) as archive:
                return cls(picture=archive["picture"], **json.loads(archive["told"].tobytes()))
        except (BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
            raise CheckpointError(f"{len(data)} bytes are no checkpoint: {error}; delete them") from error
