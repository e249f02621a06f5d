from pathlib import Path

import pytest

from nst_engine.errors import ConfigError, WeightsError
from nst_engine.judging.referee import Referee
from tasks.planning.requirements import require_referee, require_usable
from tests.tasks.studio import CONFIG, paint


def test_takes_a_configuration_whose_files_are_there(tmp_path: Path) -> None:
    require_usable(CONFIG.replace(init=str(paint(tmp_path / "init.png"))))


@pytest.mark.parametrize("field", ["init", "blend", "content_masks", "style_masks"])
def test_refuses_a_picture_that_is_not_there(field: str) -> None:
    config = CONFIG.replace(**{field: "nowhere.png" if field == "init" else ("nowhere.png",)})
    with pytest.raises(ConfigError) as caught:
        require_usable(config)
    assert str(caught.value) == "the configuration names 'nowhere.png', which is no file; use the path of a picture"


def test_refuses_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"mine\.h5' cannot be read"):
        require_usable(CONFIG.replace(weights=str(tmp_path / "mine.h5")))


def test_takes_a_referee_whose_weights_are_there() -> None:
    require_referee(Referee(backbone="tiny", weights="random"))


def test_refuses_a_referee_whose_weights_are_not_there() -> None:
    with pytest.raises(WeightsError, match=r"referee 'vgg19 /absent\.h5' cannot judge: weights file '/absent\.h5'"):
        require_referee(Referee(backbone="vgg19", weights="/absent.h5"))
