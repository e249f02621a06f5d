"""The settings that all pairs of a batch share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nst_engine import TransferConfig


@dataclass(frozen=True, kw_only=True)
class Job:
    """The settings that all pairs of a batch share. Small and JSON-able: it travels through Prefect with each pair.

    Attributes:
        content, style, output: URIs of the storages.
        config: the configuration; a pair's own backbone and overrides take precedence.
        run_id: the run's name in the rows; the flow sets it.
        device: `cpu`, `gpu`, `gpu:1`; None chooses the best device of the machine.
        keep_older: whether pictures stay that an earlier release made of the same choices.
        unlearned: why a painter could not learn, by its key; its pairs fail for that reason.
    """

    content: str
    style: str
    output: str
    config: TransferConfig
    run_id: str = ""
    device: str | None = None
    keep_older: bool = False
    unlearned: Mapping[str, str] = field(default_factory=dict)
