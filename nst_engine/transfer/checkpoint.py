"""The state of an unfinished transfer, as bytes from which another process can resume it."""

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
    """The state of an unfinished transfer.

    The optimizer's memory of its last steps is left out, as it is many times the size of the picture. A resumed
    transfer builds it up again, and so its result is close to that of an uninterrupted one, but not the same bytes.

    Attributes:
        level: index of the level, 0 being the coarsest.
        done: steps of that level so far.
        picture: the optimized picture, [height, width, 3], float32, sRGB in [0, 1].
        account: the rest of the state as plain values: records, weights, rate and seconds.
    """

    level: int
    done: int
    picture: Picture
    account: dict[str, Any]

    @cached_property
    def steps(self) -> int:
        """Steps so far, of all levels."""
        return int(self.account["steps"])

    @cached_property
    def seconds(self) -> float:
        """Wall seconds of the optimization so far."""
        return float(self.account["spent"]["optimize"])

    def to_bytes(self) -> bytes:
        """Encode as an uncompressed NumPy archive: the picture, and the rest as JSON."""
        values = {"level": self.level, "done": self.done, "account": self.account}
        file = BytesIO()
        np.savez(file, picture=self.picture, told=np.frombuffer(json.dumps(values).encode(), np.uint8))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The checkpoint that `to_bytes` wrote, in this version or another.

        Raises:
            CheckpointError: the bytes are not a checkpoint.
        """
        try:
            with np.load(BytesIO(data), allow_pickle=False) as archive:
                told = json.loads(archive["told"].tobytes())
                values = {name: told[name] for name in ("level", "done", "account")}
                return cls(picture=archive["picture"], **values)
        except (BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
            raise CheckpointError(f"{len(data)} bytes are no checkpoint: {error}; delete them") from error
