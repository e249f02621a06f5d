"""Whether this machine has what a configuration names."""

from pathlib import Path

from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError, WeightsError
from nst_engine.judging.referee import Referee


def require_usable(config: TransferConfig) -> None:
    """See that the pictures and the weights are there that a configuration names; the latter may be downloaded.

    Raises:
        ConfigError: a picture is absent.
        WeightsError: weights are absent or damaged.
    """
    for path in config.files:
        if not Path(path).is_file():
            raise ConfigError(f"the configuration names {path!r}, which is no file; use the path of a picture")
    find_weights(config)


def require_referee(referee: Referee) -> None:
    """See that the weights are there of the network that is to judge.

    Raises:
        WeightsError: they are absent or damaged.
    """
    try:
        require_usable(referee.config)
    except WeightsError as error:
        raise WeightsError(f"referee {referee.name!r} cannot judge: {error}") from error
