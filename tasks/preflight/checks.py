"""Checks before any work that a batch can run, and plans it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from string import ascii_letters, digits

from nst_engine.backbones.weights import imagenet_path
from nst_engine.config import TransferConfig
from tasks.making.deliverable import require_names
from tasks.making.locks import require_slots
from tasks.planning.job import Job
from tasks.planning.pairs import PairSpec, Plan
from tasks.planning.request import PairingError, Request
from tasks.planning.requirements import require_usable
from tasks.planning.rules import plan
from tasks.records.finished_names import finished_names
from tasks.records.own_results import own_results
from tasks.storage import Storage, StorageError, open_storage, read_uri, require_writable

_TAKEN_EVERYWHERE = f"{ascii_letters}{digits}-_/"
"""Characters that paths of files may have on every file system."""


def preflight(job: Job, request: Request) -> Plan:
    """Check a batch and plan it: quick checks first, then contents and styles are listed, each once.

    Weights are downloaded last, once all other checks have passed.

    Raises:
        ConfigError: the configuration does not fit one of the backbones.
        WeightsError: weights are absent or damaged.
        PairingError: there is nothing to pair, or the output lies among the inputs.
        StorageError: a folder cannot be read, or the output or this machine's own folder cannot be written.
    """
    configs = _configs(job, request)
    contents, styles, notes = _checked(job, configs)
    find_finished = partial(finished_names, open_storage(job.output))
    results = _results_among(contents, "content", job, request), _results_among(styles, "style", job, request)
    planned = plan(contents, styles, request, job.config, find_finished, results)
    _require_usable(config for config in configs if config.backbone in planned.backbones)
    return replace(planned, notes=(*planned.notes, *notes))


def _results_among(inputs: Storage, side: str, job: Job, request: Request) -> frozenset[str]:
    """The keys of the inputs that are results of this batch: there may be some if it writes into the inputs' folder."""
    folders = [open_storage(f"{job.output.rstrip('/')}/{backbone}") for backbone in request.backbones]
    return own_results(inputs, side) if any(map(inputs.contains, folders)) else frozenset()


def require_runnable(job: Job, request: Request) -> None:
    """Check that a batch can run once there are pictures; only the first page of the inputs is listed.

    Raises:
        NightbrushError: it cannot; as for `preflight`.
    """
    configs = _configs(job, request)
    for inputs in _checked(job, configs)[:2]:
        next(inputs.list(), None)
    if request.pair_list is not None:
        read_uri(request.pair_list)
    _require_usable(configs)


def _configs(job: Job, request: Request) -> list[TransferConfig]:
    return [job.config.replace(backbone=backbone) for backbone in request.backbones]


def _downloads(config: TransferConfig) -> bool:
    return config.weights == "imagenet" and not imagenet_path(config.backbone).exists()


def _require_usable(configs: Iterable[TransferConfig]) -> None:
    for config in configs:
        require_usable(config)


def _checked(job: Job, configs: Collection[TransferConfig]) -> tuple[Storage, Storage, tuple[str, ...]]:
    """Check everything but weights to download; returns contents and styles, not yet listed, and notes."""
    notes = require_slots()
    _require_usable(config for config in configs if not _downloads(config))
    contents, styles, output = map(open_storage, (job.content, job.style, job.output))
    for side, inputs in (("content", contents), ("style", styles)):
        _refuse_output_inside(side, inputs, output)
    folders = ("", *(config.backbone for config in configs))
    return (
        contents,
        styles,
        (*notes, *(f"output {output.uri()!r}: {note}" for note in require_writable(output, folders))),
    )


def unfinished(plan: Plan, job: Job) -> Iterator[PairSpec]:
    """The pairs of a plan that have no sidecar yet, in their order; lists the folders of their backbones in the output.

    Raises:
        StorageError: a folder cannot be listed.
    """
    there = sidecar_keys(plan, job)
    return (pair for pair in plan.pairs if pair.sidecar_key not in there)


def sidecar_keys(plan: Plan, job: Job) -> set[str]:
    """The keys of all sidecars in the folders of a plan's backbones in the output.

    Raises:
        StorageError: a folder cannot be listed.
    """
    output = open_storage(job.output)
    folders = [f"{name}/" for name in plan.backbones] if output.exists() else ()
    return {entry.key for folder in folders for entry in output.list(folder) if entry.key.endswith(".json")}


def refused_names(plan: Plan, job: Job) -> Iterator[tuple[PairSpec, StorageError]]:
    """The pairs whose names the output refuses, with the reason, in the order of the plan; none of them can be written.

    A name is tried if it has a character or a length that no name before it had: of names that are refused for the same
    reason, that is the first.
    """
    output = open_storage(job.output)
    for pair in _unlike(plan.pairs):
        try:
            require_names(pair, pair.own_config(job.config), output)
        except StorageError as error:
            yield pair, error


def _unlike(pairs: Iterable[PairSpec]) -> Iterator[PairSpec]:
    seen, longest = set(_TAKEN_EVERYWHERE), 0
    for pair in pairs:
        name = pair.name
        size = len(name.encode())
        if size > longest or not seen.issuperset(name):
            yield pair
            seen.update(name)
            longest = max(size, longest)


def _refuse_output_inside(side: str, inputs: Storage, output: Storage) -> None:
    """Refuse an output inside an input folder: its results would be inputs of the next run."""
    if inputs.contains(output):
        raise PairingError(f"output {output.uri()!r} lies in the {side} folder {inputs.uri()!r}; choose one outside it")
