"""The results of a comparison: every picture with its losses over time and its scores."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

import pandas as pd

from nst_engine.config import TransferConfig
from nst_engine.judging.measures import Measures
from nst_engine.judging.referee import Distances, Referee
from nst_engine.registry.losses import TERMS
from nst_engine.transfer.result import Status
from tasks.comparison.grid import Trial, Variant
from tasks.comparison.tables import MEASURES, SCORES, Table, cell, tables
from tasks.records.row import LOSS_COLUMNS, ManifestRow


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One picture of a comparison with its scores, or a failure.

    Attributes:
        trial: the pair under a variant.
        row: the trial's row.
        history: records of the optimization as `TransferResult.history_rows` gives them; empty without a picture.
        measures: the measures that need no network; None without a picture.
        distances: scores by referee; empty without a picture.
    """

    trial: Trial
    row: ManifestRow
    history: tuple[Mapping[str, Any], ...] = ()
    measures: Measures | None = None
    distances: Mapping[Referee, Distances] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The configuration's name."""
        return self.trial.variant.name


@dataclass(frozen=True)
class Comparison:
    """All pictures of a comparison.

    Attributes:
        judged: variant by variant, the pairs of each in the same order.
        referees: the networks that judged; the first is the judge of the tables.
    """

    judged: tuple[Judged, ...]
    referees: tuple[Referee, ...]

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The configurations in their order."""
        return tuple({judged.name: judged.trial.variant for judged in self.judged}.values())

    @cached_property
    def pairs(self) -> tuple[str, ...]:
        """The names of the pairs in their order."""
        return tuple(dict.fromkeys(judged.trial.pair for judged in self.judged))

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """The fields in which the configurations differ, in the order of the configuration."""
        configs = [variant.config for variant in self.variants]
        names = (it.name for it in fields(TransferConfig))
        return tuple(name for name in names if len({getattr(config, name) for config in configs}) > 1)

    @cached_property
    def complete(self) -> tuple[str, ...]:
        """The pairs of which every configuration has a picture; configurations without any picture do not count."""
        made = [judged for judged in self.judged if judged.row.status != Status.FAILED]
        some = {judged.name for judged in made}
        having = {pair: {judged.name for judged in made if judged.trial.pair == pair} for pair in self.pairs}
        return tuple(pair for pair in self.pairs if some and having[pair] == some)

    @property
    def untrained(self) -> tuple[str, ...]:
        """Names of the networks with random weights, compared or judging: their figures say little."""
        compared = (Referee(backbone=it.config.backbone, weights=it.config.weights) for it in self.variants)
        networks = dict.fromkeys((*compared, *self.referees))
        return tuple(network.name for network in networks if network.weights == "random")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row per record of every picture, as in `curves.csv`.

        Losses are unweighted, except `total`; `seconds` count from the beginning of the optimization, `step` from 0.
        """
        columns = ["pair", "configuration", "step", "side", "seconds", "total", *TERMS, "learning_rate"]
        records = (
            {"pair": judged.trial.pair, "configuration": judged.name, **record}
            for judged in self.judged
            for record in judged.history
        )
        return pd.DataFrame(records, columns=columns)

    @cached_property
    def results(self) -> pd.DataFrame:
        """One row per pair and configuration, with the figures of the first referee, as in `comparison.csv`."""
        return pd.DataFrame([self._result(judged) for judged in self.judged])

    @cached_property
    def crossed(self) -> pd.DataFrame:
        """One row per pair, configuration and referee, as in `referees.csv`."""
        configs = [variant.config for variant in self.variants]
        columns = ["pair", "configuration", "referee", "took_part", *SCORES]
        rows = (
            {
                "pair": judged.trial.pair,
                "configuration": judged.name,
                "referee": referee.name,
                "took_part": referee.took_part(configs),
                **_distances(distances),
            }
            for judged in self.judged
            for referee, distances in judged.distances.items()
        )
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The judge's verdict, and then what else is asked."""
        return tuple(tables(self))

    @property
    def verdict(self) -> Table:
        """The configurations by the first referee's mean score, the best first."""
        return self.tables[0]

    def _result(self, judged: Judged) -> dict[str, Any]:
        config, row = judged.trial.variant.config, judged.row
        distances = judged.distances.get(self.referees[0])
        return {
            "pair": judged.trial.pair,
            "configuration": judged.name,
            "backbone": config.backbone,
            "weights": config.weights,
            **{name: cell(getattr(config, name)) for name in self.varied if name not in ("backbone", "weights")},
            "status": row.status,
            "referee": self.referees[0].name,
            **(_distances(distances) if distances else dict.fromkeys(SCORES)),
            **(asdict(judged.measures) if judged.measures else dict.fromkeys(MEASURES)),
            **{name: getattr(row, name) for name in LOSS_COLUMNS.values()},
            "steps": row.iterations,
            "evaluations": row.evaluations,
            "seconds_optimize": row.seconds_optimize,
            "seconds_total": row.seconds_total,
            "output": row.output,
            "error": row.error,
        }


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Thumbnails of a comparison, each a JPEG file's bytes; pictures that are gone are absent.

    Attributes:
        results: by pair and configuration.
        contents, styles: by pair.
    """

    results: dict[tuple[str, str], bytes]
    contents: dict[str, bytes]
    styles: dict[str, bytes]


def _distances(distances: Distances) -> dict[str, float]:
    return dict(zip(SCORES, (distances.score, distances.style, distances.content), strict=True))
