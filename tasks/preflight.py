"""What can be known before any work: whether a batch can run at all, and what it would do."""

from collections.abc import Iterator

from tasks.pairing import plan
from tasks.pairs import PairingError, PairSpec, Plan, Request
from tasks.slots import require_slots
from tasks.storage import Storage, open_storage, read_uri, require_writable
from tasks.storage.local import LocalStorage
from tasks.usable import require_usable
from tasks.work import Job


def preflight(job: Job, request: Request) -> Plan:
    """Check a batch and plan it: what is quickly known first, then contents and styles are listed, each once.

    Raises:
        ConfigError: the configuration does not fit one of the backbones.
        WeightsError: weights are absent or damaged.
        PairingError: there is nothing to pair, or the output lies among the inputs.
        StorageError: a folder cannot be read, or the output or this machine's own folder cannot be written.
    """
    return plan(*_checked(job, request), request, job.config)


def require_runnable(job: Job, request: Request) -> None:
    """See that a batch could run, were there pictures: of the inputs, no more than the first page is listed.

    Raises:
        NightbrushError: it could not; as for `preflight`.
    """
    for inputs in _checked(job, request):
        next(inputs.list(), None)
    if request.pairs is not None:
        read_uri(request.pairs)


def _checked(job: Job, request: Request) -> tuple[Storage, Storage]:
    """Contents and styles, not yet listed, once all else is seen to be in order."""
    require_slots()
    for backbone in request.backbones:
        require_usable(job.config.replace(backbone=backbone))
    contents, styles, output = map(open_storage, (job.content, job.style, job.output))
    for side, inputs in (("content", contents), ("style", styles)):
        _refuse_output_inside(side, inputs, output)
    require_writable(output)
    return contents, styles


def unfinished(plan: Plan, job: Job) -> Iterator[PairSpec]:
    """The pairs of a plan that have no sidecar yet, in their order; what the output has of their backbones is listed.

    Raises:
        StorageError: it cannot be listed.
    """
    output = open_storage(job.output)
    absent = isinstance(output, LocalStorage) and not output.root.exists()
    folders = () if absent else dict.fromkeys(f"{pair.backbone}/" for pair in plan.pairs)
    there = {entry.key for folder in folders for entry in output.list(folder) if entry.key.endswith(".json")}
    return (pair for pair in plan.pairs if pair.sidecar_key not in there)


def _refuse_output_inside(side: str, inputs: Storage, output: Storage) -> None:
    """A result among the inputs would be an input of the next run."""
    if _below(_place(output), _place(inputs)):
        raise PairingError(f"output {output.uri()!r} lies in the {side} folder {inputs.uri()!r}; choose one outside it")


def _place(storage: Storage) -> str:
    """The address of a storage, links resolved where there are any."""
    return str(storage.root.resolve()) if isinstance(storage, LocalStorage) else storage.uri()


def _below(place: str, folder: str) -> bool:
    return f"{place}/".startswith(f"{folder.rstrip('/')}/")
