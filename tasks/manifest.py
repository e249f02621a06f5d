"""The ledger of a batch: one row per pair and backbone, one sidecar beside each picture."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from reprlib import repr as shortened
from types import NoneType
from typing import Any, NoReturn, Self, get_args, get_type_hints

from nst_engine.errors import NightbrushError, listed
from nst_engine.result import Status
from tasks.pairs import PairSpec
from tasks.storage import Storage


class ManifestError(NightbrushError):
    """A sidecar is damaged, or no sidecar at all."""


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """One row of `results.csv`, its columns in their order. None is an empty cell.

    Losses are unweighted terms but for the totals, which are the weighted sum that was optimized.
    Seconds are wall seconds; `started_at` is UTC, ISO 8601. `content`, `style` and `output` are URIs.
    """

    run_id: str
    pair: str
    content: str
    style: str
    output: str
    backbone: str
    weights: str
    optimizer: str
    precision: str | None = None
    device: str | None = None
    width: int | None = None
    height: int | None = None
    iterations: int | None = None
    evaluations: int | None = None
    status: str
    stop_reason: str | None = None
    content_loss: float | None = None
    style_loss: float | None = None
    tv_loss: float | None = None
    total_loss: float | None = None
    initial_total_loss: float | None = None
    seconds_read: float | None = None
    seconds_prepare: float | None = None
    seconds_optimize: float | None = None
    seconds_write: float | None = None
    seconds_total: float | None = None
    iterations_per_second: float | None = None
    peak_memory_mb: float | None = None
    seed: int
    fingerprint: str | None = None
    content_sha256: str | None = None
    style_sha256: str | None = None
    output_sha256: str | None = None
    engine_version: str
    started_at: str
    error: str | None = None


COLUMNS = tuple(field.name for field in fields(ManifestRow))
"""The columns of `results.csv`, in their order."""


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The JSON file beside a picture, written last: that it exists says the picture is complete.

    Attributes:
        row: the picture's row of `results.csv`.
        config: the configuration as `TransferConfig.to_dict` gives it.
        weights_sha256: hash of the backbone's weights.
        history: records of the optimization as `TransferResult.history_rows` gives them.
        versions: version of each package that shaped the picture, by name.
        etags: of `content`, `style` and `output`, where their storages know such a thing: what has the same one need
            not be read to be known.
    """

    row: ManifestRow
    config: dict[str, Any]
    weights_sha256: str
    history: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    etags: dict[str, str]

    def to_json(self) -> bytes:
        """Indented UTF-8 JSON, fields in their order. Numbers that are not finite become null."""
        text = json.dumps(_finite(asdict(self)), indent=2, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode(errors="backslashreplace")  # half a surrogate pair becomes its JSON escape

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The sidecar that `to_json` wrote.

        Raises:
            ManifestError: the bytes are not JSON, or a field is absent, unknown or of the wrong kind.
        """
        values = _parsed(data)
        _check_object("sidecar", values, _SIDECAR_KINDS)
        _check_object("row", values["row"], get_type_hints(ManifestRow))
        if values["row"]["status"] not in list(Status):
            raise ManifestError(f"row.status is {shortened(values['row']['status'])}; allowed is {listed(Status)}")
        _check_all("history", values["history"], dict)
        for name in ("versions", "etags"):
            _check_all(name, values[name].values(), str)
        return cls(**{**values, "row": ManifestRow(**values["row"]), "history": tuple(values["history"])})


_SIDECAR_KINDS = {"row": dict, "config": dict, "weights_sha256": str, "history": list, "versions": dict, "etags": dict}
_WORDS = {str: "text", int: "a whole number", float: "a number", NoneType: "null", dict: "an object", list: "a list"}


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


def sidecars(storage: Storage) -> Iterator[Sidecar | ManifestError]:
    """The sidecars of an output folder, backbone by backbone; in the place of a damaged one, its error.

    Raises:
        StorageError: the output cannot be listed or read.
    """
    for entry in storage.list():
        folder, _, name = entry.key.partition("/")
        if name.endswith(".json") and "/" not in name and not folder.startswith("."):
            try:
                sidecar = _load(storage, entry.key)
            except ManifestError as error:
                yield error
            else:
                yield sidecar


def recorded(storage: Storage, pair: PairSpec) -> Sidecar | None:
    """The sidecar of `pair`; None where there is none, or one that is damaged and so vouches for nothing.

    Raises:
        StorageError: the output cannot be read.
    """
    try:
        return read_sidecar(storage, pair.sidecar_key)
    except ManifestError:
        return None


def finished(storage: Storage, pair: PairSpec, sidecar: Sidecar, fingerprint: str, file_format: str) -> bool:
    """Whether a sidecar bears this fingerprint and the picture beside it is the one it tells of.

    A picture whose bytes are others is made anew, such as that of a run that was stopped before it wrote its sidecar.

    Raises:
        StorageError: the output cannot be read.
    """
    if sidecar.row.fingerprint != fingerprint or sidecar.row.status not in (Status.COMPLETED, Status.CONVERGED):
        return False
    key = pair.picture_key(file_format)
    entry = storage.head(key)
    if entry is None:
        return False
    if entry.etag is not None and entry.etag == sidecar.etags.get("output"):
        return True
    return hashlib.sha256(storage.read(key)).hexdigest() == sidecar.row.output_sha256


def skipped_row(sidecar: Sidecar, row: ManifestRow) -> ManifestRow:
    """The row of a run that found its picture made: this run's id and URIs, the figures of the run that made it."""
    return replace(
        sidecar.row,
        status=Status.SKIPPED.value,
        run_id=row.run_id,
        content=row.content,
        style=row.style,
        output=row.output,
    )


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
        return json.loads(data.decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"not JSON: {error}") from error


def _check_object(where: str, values: object, kinds: Mapping[str, Any]) -> None:
    """Refuse what is not an object with exactly these fields, each of its kind."""
    if not isinstance(values, dict):
        raise ManifestError(f"{where} is {shortened(values)}, not an object")
    for what, names in (("lacks", kinds.keys() - values.keys()), ("has the unknown field", values.keys() - kinds)):
        if names:
            raise ManifestError(f"{where} {what} {', '.join(map(shortened, sorted(names)))}")
    for name, value in values.items():
        allowed = get_args(kinds[name]) or (kinds[name],)
        if type(value) not in allowed and not (type(value) is int and float in allowed):
            words = listed(_WORDS[kind] for kind in allowed)
            raise ManifestError(f"{where}.{name} is {shortened(value)}, not {words}")


def _check_all(where: str, values: Any, kind: type) -> None:
    for value in values:
        if type(value) is not kind:
            raise ManifestError(f"{where} holds {shortened(value)}, not {_WORDS[kind]}")
