"""Make a picture again from the provenance in its file."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flows.cli.one import require_apart, save_result, transfer
from nst_engine import TransferConfig
from nst_engine.backbones.weights import find_weights
from nst_engine.config import releases
from nst_engine.errors import ConfigError, NightbrushError
from nst_engine.images import Photograph, decode, read_photograph, read_provenance, require_savable
from nst_engine.images.reading import Origin
from nst_engine.transfer.sizes import result_sizes
from nst_engine.types import Picture
from tasks.storage import StorageError, is_path, read_uri

_LOSSY = {".jpg", ".jpeg", ".webp"}
_DIGITS = 12
"""How many digits of a hash are printed."""


class ReplayError(NightbrushError):
    """A picture cannot be made again: its provenance is incomplete, or an input is gone or has changed."""


class _ChangedError(StorageError):
    """A file has changed."""


def replay_picture(
    picture: Path,
    output: Path | None,
    device: str | None,
    note: Callable[[str], object],
    content: str | None = None,
    style: str | None = None,
) -> str:
    """Make a picture again from the provenance in its file; returns a line that compares the two pictures.

    Args:
        picture: the file of the picture.
        output: the file to write; None is a new one beside `picture`.
        device: as for `StyleTransfer`.
        note: gets a line for each reason why the two may differ.
        content, style: their files now; None is the files by the names they had.

    Raises:
        NightbrushError: the picture has no complete provenance, an input is gone or has changed, the output cannot be
            written, or the transfer cannot go on.
    """
    provenance = _parse_provenance(picture)
    target = _replay_path(picture) if output is None else output
    require_savable(target)
    require_apart(target, (picture, *provenance.paths(content, style)))
    config = provenance.config()
    photographs = provenance.photograph("content", content), provenance.photograph("style", style)
    require_savable(target, result_sizes(config, photographs[0].picture, photographs[0].described)[-1])
    for line in provenance.doubts(config):
        note(line)
    before = decode(picture)
    saved = save_result(transfer(*photographs, config, device), target)
    lossy = _LOSSY & {picture.suffix.lower(), saved.suffix.lower()}
    return f"{saved}: {_compare(before, decode(saved))} {picture}{', compared after encoding' if lossy else ''}"


@dataclass(frozen=True, kw_only=True)
class _Provenance:
    """How a picture was made, from its provenance.

    Attributes:
        picture: the file of the picture.
        version: the version of the engine.
        recipe: the number of the recipe; None is that of version 0.1.0, which wrote none.
        fields: the configuration, with the precision and the tile that `auto` became.
        weights_sha256: hash of the backbone's weights.
        pair: the origins of `content` and `style`; None was an array.
        files: the origins of the files that the configuration names, by their paths.
    """

    picture: Path
    version: str
    recipe: int | None
    fields: dict[str, object]
    weights_sha256: str
    pair: Mapping[str, Origin | None]
    files: Mapping[str, Origin | None]

    def config(self) -> TransferConfig:
        """The configuration as it was meant, with the paths that its files have now.

        Raises:
            ReplayError: a file is gone or has changed, or this version knows no such configuration.
        """
        moves = {path: self._find("file", path, origin, "lay it there again")[0] for path, origin in self.files.items()}
        try:
            return self._meant().with_files(lambda path: moves.get(path, path))
        except (ConfigError, TypeError) as error:
            raise ReplayError(
                f"the configuration in {str(self.picture)!r}, of version {self.version}, cannot be used: {error}"
            ) from error

    def _meant(self) -> TransferConfig:
        """The configuration with the first meaning of fields that came later, and of those that 0.1.0 left at None."""
        config = TransferConfig.from_dict(releases.first_meaning().fields | self.fields)
        return config if self.recipe else TransferConfig.from_dict(releases.RELEASES[0].spell_out(config))

    def photograph(self, role: str, place: str | None) -> Photograph:
        """The content or the style, read from `place`, or from the file that it was.

        Raises:
            ReplayError: the file is gone, has changed, or had no name.
            ImageError: the file is not a picture.
        """
        origin = self.pair[role]
        name = place if place is not None or origin is None else origin.name
        if name is None:
            raise ReplayError(
                f"{str(self.picture)!r} names no file of its {role}, which was an array, or bytes without a name; "
                f"say with --{role} which file to take"
            )
        return read_photograph(self._find(role, name, origin, f"say with --{role} where it is now")[1], name)

    def paths(self, *others: str | None) -> Iterator[Path]:
        """The paths where its inputs are sought, and those of `others` that are not None."""
        origins = [*self.pair.values(), *self.files.values()]
        names = (*others, *(origin.name for origin in origins if origin is not None))
        yield from (folder / name for name in names if name is not None for folder in (Path(), self.picture.parent))

    def doubts(self, config: TransferConfig) -> Iterator[str]:
        """A line for each reason why the new picture may differ."""
        weights = find_weights(config).sha256
        if (self.recipe or 1) != (recipe := releases.RELEASES[-1].recipe_of(config)):
            yield f"{self.picture} was made by recipe {self.recipe or 1}, of version {self.version}; now it is {recipe}"
        if self.weights_sha256 != weights:
            hashes = f"{self.weights_sha256[:_DIGITS]}, these have {weights[:_DIGITS]}"
            yield f"{self.picture} was made with weights of the SHA-256 {hashes}"
        for role in (role for role, origin in self.pair.items() if origin is None):
            yield f"nothing tells whether this is the {role} that {self.picture} was made from"
        if config.time_limit is not None:
            yield f"time_limit={config.time_limit:g} goes by the clock: the steps may be more or fewer than they were"

    def _find(self, what: str, name: str, origin: Origin | None, remedy: str) -> tuple[str, bytes]:
        """The path and the bytes of a file, sought from the current folder, then from the picture's."""
        errors = []
        for place in (name, str(self.picture.parent / name)) if is_path(name) else (name,):
            try:
                return place, _read_unchanged(place, origin)
            except (StorageError, ValueError) as error:  # ValueError: the name is not possible here
                errors.append(error)
        reason = max(errors, key=lambda error: isinstance(error, _ChangedError))
        raise ReplayError(f"{what} {name!r} cannot be used: {reason}, or {remedy}") from reason


def _parse_provenance(picture: Path) -> _Provenance:
    provenance = read_provenance(picture)
    if provenance is None:
        raise ReplayError(f"{str(picture)!r} carries no provenance of Nightbrush; use a picture as Nightbrush wrote it")
    match {"recipe": None} | provenance:
        case {
            "recipe": int() | None as recipe,
            "engine_version": str(version),
            "config": dict(fields),
            "content": content,
            "style": style,
            "files": dict(files),
            "weights_sha256": str(weights),
            "precision": precision,
            "tile": tile,
        }:
            return _Provenance(
                picture=picture,
                version=version,
                recipe=recipe,
                fields=fields | {"precision": precision, "tile": tile},
                weights_sha256=weights,
                pair={"content": _parse_origin(content), "style": _parse_origin(style)},
                files={path: _parse_origin(file) for path, file in files.items()},
            )
        case _:
            raise ReplayError(f"{str(picture)!r} does not tell all of how it was made; use one made by this version")


def _parse_origin(entry: object) -> Origin | None:
    match entry:
        case {"name": str() | None as name, "sha256": str(digest)}:
            return Origin(name, digest)
        case _:
            return None


def _read_unchanged(place: str, origin: Origin | None) -> bytes:
    """The bytes at a path or an address; an error if their hash is not that of the origin."""
    data = read_uri(os.path.realpath(place) if is_path(place) else place)
    digest = sha256(data).hexdigest()
    if origin is not None and origin.sha256 != digest:
        raise _ChangedError(
            f"{place!r} has the SHA-256 {digest[:_DIGITS]}, not {origin.sha256[:_DIGITS]}; use the file as it was"
        )
    return data


def _replay_path(picture: Path) -> Path:
    output = picture.with_stem(f"{picture.stem}-replay")
    if output.exists():
        raise ReplayError(f"{str(output)!r} is there already; remove it, or name another file with -o")
    return output


def _compare(before: Picture, after: Picture) -> str:
    """How the pictures compare; the name of the first is to follow the text."""
    if before.shape != after.shape:
        (height, width, _), (other_height, other_width, _) = after.shape, before.shape
        return f"{width}x{height} pixels, not {other_width}x{other_height} as"
    difference = abs(after - before) * 255
    if not difference.any():
        return "the same pixels as"
    return f"differs by at most {difference.max():.3g}/255, {difference.mean():.2g}/255 in the mean, from"
