"""The JSON file beside each picture, which says how it came about."""

import json
import math
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from reprlib import repr as shortened
from types import NoneType
from typing import Any, NoReturn, Self, get_args, get_type_hints

from nst_engine.errors import NightbrushError, listed
from nst_engine.transfer.result import Status
from tasks.records.row import ManifestRow, required_fields
from tasks.storage import Storage
from tasks.text_files import decode_text

SCHEMA = 2
"""Number of the form of sidecars. It rises with each field that comes, which has a default for older files.

Files without a number are of schema 1, that of version 0.1.0; 2 adds `recipe`.
"""


class ManifestError(NightbrushError):
    """A sidecar is damaged, or no sidecar at all."""


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The JSON file beside a picture, written last: it exists only if the picture is complete.

    Attributes:
        row: the picture's row of `results.csv`.
        config: the configuration as `TransferConfig.to_dict` gives it.
        weights_sha256: hash of the backbone's weights.
        history: records of the optimization as `TransferResult.history_rows` gives them.
        versions: version of each package that shaped the picture, by name.
        etags: the ETags of `content`, `style` and `output`, where their storages have them: an object with the same
            ETag has the same bytes, and need not be read.
        recipe: number of the recipe that made the picture, see `nst_engine.config.releases`.
    """

    row: ManifestRow
    config: dict[str, Any]
    weights_sha256: str
    history: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    etags: dict[str, str]
    recipe: int = 1

    def to_json(self) -> bytes:
        """Indented UTF-8 JSON, the schema first, fields in their order. Numbers that are not finite become null."""
        values = {"schema": SCHEMA} | _finite(asdict(self))
        text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode(errors="backslashreplace")  # half a surrogate pair becomes its JSON escape

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The sidecar that `to_json` wrote, in this version, an earlier or a later one.

        Fields that this version does not know are left out, and those that came after a file was written have their
        defaults.

        Raises:
            ManifestError: the bytes are not JSON, or a field that each version writes is absent, or one is of the wrong
                kind.
        """
        values = _known_fields("sidecar", _parsed(data), cls, _SIDECAR_KINDS)
        row = _known_fields("row", values["row"], ManifestRow, _ROW_KINDS)
        if row["status"] not in list(Status):
            raise ManifestError(f"row.status is {shortened(row['status'])}; allowed is {listed(Status)}")
        _check_all("history", values["history"], dict)
        for name in ("versions", "etags"):
            _check_all(name, values[name].values(), str)
        return cls(**{**values, "row": ManifestRow(**row), "history": tuple(values["history"])})


_SIDECAR_KINDS = {
    "row": dict,
    "config": dict,
    "weights_sha256": str,
    "history": list,
    "versions": dict,
    "etags": dict,
    "recipe": int,
}
_ROW_KINDS = get_type_hints(ManifestRow)
_WORDS = {str: "text", int: "a whole number", float: "a number", NoneType: "null", dict: "an object", list: "a list"}


_READERS, _AHEAD = 16, 256
"""Sidecars that are read at the same time, and those that wait in memory for whoever takes them."""


def read_sidecar(storage: Storage, key: str) -> Sidecar | None:
    """The sidecar under `key`, or None where there is none.

    Raises:
        ManifestError: it is damaged; the text names its URI.
        StorageError: it cannot be read.
    """
    return None if storage.head(key) is None else _load(storage, key)


def write_sidecar(storage: Storage, key: str, sidecar: Sidecar) -> None:
    """Put the sidecar under `key`; call it after the picture is written, for it says that all is there."""
    storage.write(key, sidecar.to_json())


def sidecars(storage: Storage, known: Container[str] = ()) -> Iterator[Sidecar | NightbrushError]:
    """The sidecars of an output folder, backbone by backbone; for a sidecar that cannot be used, its error.

    Args:
        storage: the output.
        known: keys of sidecars that are left out, and not read.

    Raises:
        StorageError: the output cannot be listed.
    """
    out_of_reach: list[NightbrushError] = []

    def leave_out(key: str, error: NightbrushError) -> None:
        if _is_sidecar(f"{key}.json" if key.endswith("/") else key):
            out_of_reach.append(error)

    keys = [entry.key for entry in storage.list(onerror=leave_out) if _is_sidecar(entry.key) and entry.key not in known]
    yield from out_of_reach
    yield from load_sidecars(storage, keys)


def load_sidecars(storage: Storage, keys: Iterable[str]) -> Iterator[Sidecar | NightbrushError]:
    """The sidecars under these keys, in their order, read side by side; for one that cannot be used, its error."""
    waiting = iter(keys)
    with ThreadPoolExecutor(_READERS) as pool:  # each waits for its storage most of the time
        while some := list(islice(waiting, _AHEAD)):
            yield from pool.map(partial(_loaded, storage), some)


def _is_sidecar(key: str) -> bool:
    folder, _, name = key.partition("/")
    return name.endswith(".json") and "/" not in name and not folder.startswith(".")


def _loaded(storage: Storage, key: str) -> Sidecar | NightbrushError:
    try:
        return _load(storage, key)
    except NightbrushError as error:
        return error


def _load(storage: Storage, key: str) -> Sidecar:
    try:
        return Sidecar.from_json(storage.read(key))
    except ManifestError as error:
        remedy = "delete it to have its picture made anew"
        raise ManifestError(f"sidecar {storage.uri(key)!r} cannot be used: {error}; {remedy}") from error


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _parsed(data: bytes) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not allowed")

    try:
        return json.loads(decode_text(data), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"not JSON: {error}") from error


def _known_fields(where: str, values: object, owner: type, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of the dataclass `owner` that an object has, once each of them is of its kind.

    Raises:
        ManifestError: it is no object, lacks a field without a default, or a field is of another kind.
    """
    if not isinstance(values, dict):
        raise ManifestError(f"{where} is {shortened(values)}, not an object")
    if lacking := [name for name in required_fields(owner) if name not in values]:
        raise ManifestError(f"{where} lacks {', '.join(map(shortened, sorted(lacking)))}")
    known = {name: value for name, value in values.items() if name in kinds}
    for name, value in known.items():
        allowed = get_args(kinds[name]) or (kinds[name],)
        if type(value) not in allowed and not (type(value) is int and float in allowed):
            words = listed(_WORDS[kind] for kind in allowed)
            raise ManifestError(f"{where}.{name} is {shortened(value)}, not {words}")
    return known


def _check_all(where: str, values: Any, kind: type) -> None:
    for value in values:
        if type(value) is not kind:
            raise ManifestError(f"{where} holds {shortened(value)}, not {_WORDS[kind]}")
