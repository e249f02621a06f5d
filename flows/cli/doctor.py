"""Report what this machine can do."""

import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version

from flows.prefect_server import local_server
from flows.prefect_server.api import ApiError, api_address
from nst_engine import TransferConfig, __version__
from nst_engine.backbones.weights import state_of
from nst_engine.hardware.devices import devices, resolve_precision
from nst_engine.registry.weights import TRAINED
from tasks.local_state import outbox, state_folder
from tasks.making.locks import require_slots
from tasks.storage import StorageError, open_storage, require_writable
from tasks.storage.s3_credentials import describe_access


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report.

    Attributes:
        what: the name of what was checked.
        text: its state.
        good: True if a batch can run with it.
    """

    what: str
    text: str
    good: bool = True

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.what:<10}  {self.text}"


def examine(*uris: str) -> tuple[Finding, ...]:
    """Check the versions, the devices, the weights, Prefect, this machine's folder, the settings for S3, and `uris`."""
    return (_versions(), *_devices(), *_weights(), _prefect(), *_home(), _s3(), *map(_storage, uris))


def findings_json(findings: Iterable[Finding]) -> str:
    """Findings as a JSON list of objects with the fields of `Finding`."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)


def _versions() -> Finding:
    versions = f"Python {platform.python_version()}, TensorFlow {version('tensorflow')}, Prefect {version('prefect')}"
    return Finding(what="nightbrush", text=f"{__version__} on {versions}")


def _devices() -> Iterator[Finding]:
    for device in devices():
        precision = resolve_precision(TransferConfig(), device)
        yield Finding(what="device", text=f"{device.lower()}, precision auto is {precision.name}")


def _weights() -> Iterator[Finding]:
    """The trained weights that are here; bad if there are none, and each that is damaged."""
    states = {known: state_of(known) for known in TRAINED.values()}
    here = [known.name for known, state in states.items() if state == "here"]
    yield Finding(what="weights", text=", ".join(here) or "none; run: nightbrush weights get vgg16", good=bool(here))
    for damaged in (known for known, state in states.items() if state == "damaged"):
        text = f"{damaged.name} is damaged; run: nightbrush weights get {damaged.backbone}"
        yield Finding(what="weights", text=text, good=False)


def _prefect() -> Finding:
    try:
        api = api_address()
    except ApiError as error:
        return Finding(what="prefect", text=str(error), good=False)
    if api:
        return Finding(what="prefect", text=f"{api} answers")
    ours = local_server.address()
    how = f"answers at {ours}; look at it: nightbrush ui" if ours else "is not running; nightbrush run starts it"
    return Finding(what="prefect", text=f"Nightbrush's own server {how}")


def _home() -> Iterator[Finding]:
    """The folder that this machine keeps between runs, and how many pictures in it wait to be written."""
    try:
        notes = require_slots()
    except StorageError as error:
        yield Finding(what="home", text=str(error), good=False)
    else:
        text = f"{state_folder()} can be written"
        yield Finding(what="home", text="; ".join((text, *notes)) if notes else f"{text} and locked")
    if waiting := outbox.count():
        yield Finding(
            what="home", text=f"pictures in {outbox.folder()} that wait until a run can write them: {waiting}"
        )


def _s3() -> Finding:
    """The settings for S3; never bad, because folders need none."""
    try:
        return Finding(what="s3", text=describe_access())
    except StorageError as error:
        return Finding(what="s3", text=str(error))


def _storage(uri: str) -> Finding:
    """Check that a storage can be listed, by its first entry, and written."""
    try:
        storage = open_storage(uri)
        exists = storage.exists()
        if exists:
            next(storage.list(), None)
    except StorageError as error:
        return Finding(what="storage", text=str(error), good=False)
    seen = f"{storage.uri()} {'can be listed' if exists else 'is not there yet'}"
    try:
        notes = require_writable(storage)
    except StorageError as error:
        return Finding(what="storage", text=f"{seen}, but {error}", good=False)
    return Finding(what="storage", text="; ".join((f"{seen}, and can be written", *notes)))
