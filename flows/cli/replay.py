"""A run repeated from what its picture tells of it."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flows.cli.one import transfer
from nst_engine import TransferConfig, __version__
from nst_engine.backbones.weights import find_weights
from nst_engine.errors import ConfigError, NightbrushError
from nst_engine.images import Photograph, decode, read_photograph, read_provenance, require_savable
from nst_engine.images.reading import Origin
from nst_engine.types import Picture
from tasks.storage import StorageError, is_path, read_uri

_LOSSY = {".jpg", ".jpeg", ".webp"}
_SHOWN = 12
"""Characters of a hash that a person is shown."""


class ReplayError(NightbrushError):
    """A picture cannot be made again: it tells too little, or what it was made from is gone or has changed."""


class _ChangedError(StorageError):
    """A file is not the one that it was."""


def replay_picture(
    picture: Path,
    output: Path | None,
    device: str | None,
    note: Callable[[str], object],
    content: str | None = None,
    style: str | None = None,
) -> str:
    """Make a picture again from the provenance in its file; returns a line on how the two compare.

    Args:
        picture: its file.
        output: the file to write; None is a new one beside `picture`.
        device: as for `StyleTransfer`.
        note: takes a line on each thing that may make the two differ.
        content, style: where they are now; None is where they were.

    Raises:
        NightbrushError: the picture does not tell how it was made, a file that it was made from is gone or has changed,
            the output cannot be written, or the transfer cannot go on.
    """
    account = _account(picture)
    target = _beside(picture) if output is None else output
    require_savable(target)
    config = account.config()
    photographs = account.photograph("content", content), account.photograph("style", style)
    for line in account.doubts(config):
        note(line)
    before = decode(picture)
    saved = transfer(*photographs, config, device).save(target)
    lossy = _LOSSY & {picture.suffix.lower(), saved.suffix.lower()}
    return f"{saved}: {_comparison(before, decode(saved))} {picture}{', compared after encoding' if lossy else ''}"


@dataclass(frozen=True, kw_only=True)
class _Account:
    """What a picture tells of how it was made.

    Attributes:
        picture: its file.
        version: of the engine.
        fields: of the configuration, precision and tile as they were resolved.
        weights_sha256: hash of the backbone's weights.
        pair: the origins of `content` and `style`; None is an array.
        files: the origins of the files that the configuration names, by their paths.
    """

    picture: Path
    version: str
    fields: Mapping[str, object]
    weights_sha256: str
    pair: Mapping[str, Origin | None]
    files: Mapping[str, Origin | None]

    def config(self) -> TransferConfig:
        """The configuration, its files where they are now.

        Raises:
            ReplayError: a file is gone or has changed, or this version knows no such configuration.
        """
        moves = {path: self._find("file", path, origin, "lay it there again")[0] for path, origin in self.files.items()}
        try:
            return TransferConfig.from_dict(self.fields).with_files(lambda path: moves.get(path, path))
        except (ConfigError, TypeError) as error:
            raise ReplayError(
                f"the configuration in {str(self.picture)!r}, of version {self.version}, cannot be used: {error}"
            ) from error

    def photograph(self, role: str, place: str | None) -> Photograph:
        """The content or the style, from `place` or from where it was.

        Raises:
            ReplayError: it is gone, has changed, or was no file that has a name.
            ImageError: it is no picture.
        """
        origin = self.pair[role]
        name = place if place is not None or origin is None else origin.name
        if name is None:
            raise ReplayError(
                f"{str(self.picture)!r} names no file of its {role}, which was an array, or bytes without a name; "
                f"say with --{role} which file to take"
            )
        return read_photograph(self._find(role, name, origin, f"say with --{role} where it is now")[1], name)

    def doubts(self, config: TransferConfig) -> Iterator[str]:
        """Why the picture may come out another one, a line for each reason."""
        weights = find_weights(config).sha256
        if self.version != __version__:
            yield f"{self.picture} was made by version {self.version}, this is {__version__}"
        if self.weights_sha256 != weights:
            hashes = f"{self.weights_sha256[:_SHOWN]}, these have {weights[:_SHOWN]}"
            yield f"{self.picture} was made with weights of the SHA-256 {hashes}"
        for role in (role for role, origin in self.pair.items() if origin is None):
            yield f"nothing tells whether this is the {role} that {self.picture} was made from"
        if config.time_limit is not None:
            yield f"time_limit={config.time_limit:g} goes by the clock: the steps may be more or fewer than they were"

    def _find(self, what: str, name: str, origin: Origin | None, remedy: str) -> tuple[str, bytes]:
        """Place and bytes of a file: seen from the current folder, else from the picture's."""
        troubles = []
        for place in (name, str(self.picture.parent / name)) if is_path(name) else (name,):
            try:
                return place, _checked(place, origin)
            except (StorageError, ValueError) as error:  # the latter is a name that no system has
                troubles.append(error)
        trouble = max(troubles, key=lambda error: isinstance(error, _ChangedError))
        raise ReplayError(f"{what} {name!r} cannot be used: {trouble}, or {remedy}") from trouble


def _account(picture: Path) -> _Account:
    match read_provenance(picture):
        case None:
            raise ReplayError(
                f"{str(picture)!r} carries no provenance of Nightbrush; use a picture as Nightbrush wrote it"
            )
        case {
            "engine_version": str(version),
            "config": dict(fields),
            "content": content,
            "style": style,
            "files": dict(files),
            "weights_sha256": str(weights),
            "precision": precision,
            "tile": tile,
        }:
            return _Account(
                picture=picture,
                version=version,
                fields=fields | {"precision": precision, "tile": tile},
                weights_sha256=weights,
                pair={"content": _origin(content), "style": _origin(style)},
                files={path: _origin(file) for path, file in files.items()},
            )
        case _:
            raise ReplayError(f"{str(picture)!r} does not tell all of how it was made; use one made by this version")


def _origin(told: object) -> Origin | None:
    match told:
        case {"name": str() | None as name, "sha256": str(digest)}:
            return Origin(name, digest)
        case _:
            return None


def _checked(place: str, origin: Origin | None) -> bytes:
    """The bytes at a path or an address, if they are the origin's."""
    data = read_uri(os.path.realpath(place) if is_path(place) else place)
    digest = sha256(data).hexdigest()
    if origin is not None and origin.sha256 != digest:
        raise _ChangedError(
            f"{place!r} has the SHA-256 {digest[:_SHOWN]}, not {origin.sha256[:_SHOWN]}; use the file as it was"
        )
    return data


def _beside(picture: Path) -> Path:
    output = picture.with_stem(f"{picture.stem}-replay")
    if output.exists():
        raise ReplayError(f"{str(output)!r} is there already; remove it, or name another file with -o")
    return output


def _comparison(before: Picture, after: Picture) -> str:
    """How the pictures compare, in words that end where the first one's name goes."""
    if before.shape != after.shape:
        (height, width, _), (other_height, other_width, _) = after.shape, before.shape
        return f"{width}x{height} pixels, not {other_width}x{other_height} as"
    apart = abs(after - before) * 255
    if not apart.any():
        return "the same pixels as"
    return f"differs by at most {apart.max():.3g}/255, {apart.mean():.2g}/255 in the mean, from"
