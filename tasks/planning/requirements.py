"""Checks that this machine has the files and weights that a configuration needs."""

from pathlib import Path

from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError, WeightsError
from nst_engine.judging.referee import Referee


def require_usable(config: TransferConfig) -> None:
    """Check that the pictures and weights that a configuration names exist; weights may be downloaded.

    Raises:
        ConfigError: a picture is absent.
        WeightsError: weights are absent or damaged.
    """
    for path in config.files:
        if not Path(path).is_file():
            raise ConfigError(f"the configuration names {path!r}, which is no file; use the path of a picture")
    find_weights(config)


def require_referee(referee: Referee) -> None:
    """Check that the referee's weights exist; they may be downloaded.

    Raises:
        WeightsError: the weights are absent or damaged.
    """
    try:
        require_usable(referee.config)
    except WeightsError as error:
        raise WeightsError(f"referee {referee.name!r} cannot judge: {error}") from error
