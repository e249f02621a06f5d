"""Pictures that an earlier release made of the same choices, and that this one would make anew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import tee

from nst_engine.config import releases
from nst_engine.config.releases import Release
from tasks.planning.job import Job
from tasks.planning.pairs import Overrides, PairSpec, Plan
from tasks.preflight.checks import sidecar_keys
from tasks.preflight.workload import Workload
from tasks.records.fingerprint import Identity, identify, idle_fields
from tasks.records.sidecar import Sidecar, load_sidecars
from tasks.reporting.number_format import duration
from tasks.storage import open_storage

_DIGITS = 12
"""How many digits of a hash are printed."""


@dataclass(frozen=True, kw_only=True)
class OlderPictures:
    """Those pictures of a batch that an earlier release made of the same choices.

    Attributes:
        workload: their pairs.
        differences: what is otherwise now, a text for each field.
        seconds: how long it took to make them.
    """

    workload: Workload
    differences: tuple[str, ...]
    seconds: float

    def lines(self, job: Job, here: bool = True) -> Iterator[str]:
        """What becomes of the pictures, and what it costs to make them again; nothing if there are none.

        Args:
            job: what the pairs share.
            here: whether this machine makes them, and so can estimate the time; else it is told from the last time.

        Raises:
            NightbrushError: as for `Workload.cost`.
        """
        if not self.workload.total:
            return
        what = f"{self.workload.total} pictures are of an earlier release ({'; '.join(self.differences)})"
        if job.keep_older:
            yield f"{what}; they stay as they are"
            return
        yield f"{what}; they are made again, unless --keep-older (keep_older) is given"
        if here:
            yield from self.workload.cost(job)
        else:
            yield f"they took {duration(self.seconds)} when they were made"


def find_older(plan: Plan, job: Job) -> OlderPictures:
    """The older pictures of a plan; sidecars are read only where an earlier release would have made other pictures.

    Inputs count as unchanged. A sidecar that cannot be used is passed over, for its picture is made again anyway.

    Raises:
        StorageError: the output cannot be listed.
        WeightsError: the weights of a pair are absent or damaged.
    """
    differences: dict[str, None] = {}
    seconds = 0.0

    def pairs() -> Iterator[PairSpec]:
        nonlocal seconds
        for pair, identity, release, spent in _older(plan, job):
            differences.update(dict.fromkeys(_differences(identity, release)))
            seconds += spent
            yield pair

    return OlderPictures(workload=Workload.of(pairs()), differences=tuple(differences), seconds=seconds)


def _older(plan: Plan, job: Job) -> Iterator[tuple[PairSpec, Identity, Release, float]]:
    """The pairs with older pictures, each with what would be made, and the picture's release and seconds."""
    candidates, others = tee(_candidates(plan, job))
    sidecars = load_sidecars(open_storage(job.output), (pair.sidecar_key for pair, _ in others))
    for (pair, identity), sidecar in zip(candidates, sidecars, strict=True):
        if isinstance(sidecar, Sidecar) and (release := _release_of(sidecar, identity)) is not None:
            yield pair, identity, release, sidecar.row.seconds_total or 0.0


def _candidates(plan: Plan, job: Job) -> Iterator[tuple[PairSpec, Identity]]:
    """The pairs that have a sidecar, and of which an earlier release would have made another picture."""

    @lru_cache
    def changed(backbone: str, overrides: Overrides) -> Identity | None:
        identity = identify(job.config.replace(backbone=backbone, **dict(overrides)))
        return identity if identity.has_changed else None

    keys = cache(lambda: sidecar_keys(plan, job))
    for pair in plan.pairs:
        if (identity := changed(pair.backbone, pair.overrides)) is not None and pair.sidecar_key in keys():
            yield pair, identity


def _release_of(sidecar: Sidecar, identity: Identity) -> Release | None:
    """The earlier release that made a picture of the same choices, or None."""
    row = sidecar.row
    known = replace(identity, content_sha256=str(row.content_sha256), style_sha256=str(row.style_sha256))
    return known.earlier_release(str(row.fingerprint), sidecar.config)


def _differences(identity: Identity, release: Release) -> Iterator[str]:
    """What a configuration means now, and meant in a release."""
    now, config, weights = releases.RELEASES[-1], identity.config, identity.weights_sha256
    if (before := release.recipe_of(config)) != (recipe := now.recipe_of(config)):
        yield f"recipe {before}, now {recipe}"
    meant = release.spell_out(release.counterpart(config) or config)
    for name, value in now.spell_out(config).items():
        if value != meant[name] and name not in idle_fields(config):
            yield f"{name}={_text(meant[name])}, now {_text(value)}"
    if (older := release.weights_sha256(config, weights)) != weights:
        yield f"{config.weights} weights {older[:_DIGITS]}, now {weights[:_DIGITS]}"


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
