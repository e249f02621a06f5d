"""The ledger of a batch: one row per pair and backbone, one sidecar beside each picture."""

import json
import math
from collections.abc import Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import partial
from reprlib import repr as shortened
from types import NoneType
from typing import Any, NoReturn, Self, get_args, get_type_hints

from nst_engine.errors import NightbrushError, listed
from nst_engine.result import Status, TransferResult
from tasks.storage import Storage


class ManifestError(NightbrushError):
    """A sidecar is damaged, or no sidecar at all."""


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """One row of `results.csv`, its columns in their order. None is an empty cell.

    Losses are unweighted terms but for the totals, which are the weighted sum that was optimized.
    Seconds are wall seconds without those of waiting for a device; `started_at`, UTC, ISO 8601, is so many before the
    picture was written. `content`, `style` and `output` are URIs.
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


def figures(result: TransferResult) -> dict[str, Any]:
    """The cells of a row that the engine's result fills."""
    width, height = result.size
    return {
        "precision": result.precision,
        "device": result.device,
        "width": width,
        "height": height,
        "iterations": result.iterations,
        "evaluations": result.evaluations,
        "status": result.status.value,
        "stop_reason": result.stop_reason,
        "content_loss": result.losses.content,
        "style_loss": result.losses.style,
        "tv_loss": result.losses.tv,
        "total_loss": result.losses.total,
        "initial_total_loss": result.history[0].total,
        "iterations_per_second": result.iterations / result.timings.optimize,
        "peak_memory_mb": result.peak_memory_mb,
    }


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
    """The sidecars of an output folder, backbone by backbone; in the place of one that cannot be used, its error.

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
    with ThreadPoolExecutor(_READERS) as pool:  # each waits for its storage most of the time
        for start in range(0, len(keys), _AHEAD):
            yield from pool.map(partial(_loaded, storage), keys[start : start + _AHEAD])


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
