"""A common judge: one network that scores pictures made with any backbone."""

from hashlib import sha256

import numpy as np

from nst_engine.images import Photograph
from nst_engine.judging.measures import as_picture, resize_content
from nst_engine.judging.referee import Distances, Referee
from nst_engine.transfer.engine import StyleTransfer
from nst_engine.transfer.lru_cache import WeightedCache
from nst_engine.transfer.pair import Source
from nst_engine.types import Picture

_GREY = 0.5
_MAX_CONTENTS = 1024
"""Contents, each at one size, whose distance from grey is cached."""


class Judge:
    """Scores pictures under a referee by the losses of Gatys et al. (2016), taken as means.

    `style = sum_l w_l mean((G_l - A_l)^2)`, where `G_l` is `F_l^T F_l` divided by the number of places; layers and
    smoothing are the preset of the referee's backbone, and features are float32.

    Differs from Gatys et al. (2016): the content distance is a share, `L(F, P) / (L(F, B) + L(P, B))`, where L is
    `sum_l w_l mean((F_l - P_l)^2)`, their content loss as a mean, and B are the features of a uniformly grey picture.
    L alone prefers a blank picture, or faint noise, to any strong painting of the content: a picture with weak
    features is never far from anything.

    Random weights tell a result from its content, its style and coarse noise, but cannot rank similar pictures: under
    them a blurred content, or faint noise, may be nearer to the content than a result.

    The network is loaded once, a style's targets are computed once per style and size, and a content's distance from
    grey once per size. A picture costs four forward passes through the network, the first picture of a content six.
    Large pictures are evaluated in tiles if memory is short.

    Args:
        referee: the network and its weights.
        device: `cpu`, `gpu`, `gpu:1`; None is the best device.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the referee's weights are absent, damaged or do not fit.
    """

    def __init__(self, referee: Referee, device: str | None = None) -> None:
        self.referee = referee
        self._engine = StyleTransfer(referee.config, device)
        self._contents: WeightedCache[str, float] = WeightedCache(_MAX_CONTENTS)

    def distances(self, image: Source, content: Source, style: Source) -> Distances:
        """The distances of a picture from the content and the style that it was made of.

        Content and style are resized as in a transfer to the picture's size.

        Args:
            image: a path, a file's bytes, a Pillow image, an array [height, width, 3], uint8 or float in [0, 1], or
                the result of `nst_engine.images.read_photograph`.
            content, style: the same kinds, of any size.

        Raises:
            ImageError: a picture cannot be read, is too narrow for the referee, or has another aspect than the content.
        """
        picture = as_picture(image)
        target = resize_content(picture, as_picture(content))
        terms = self._engine.evaluate(Photograph(picture), Photograph(target), style)
        key = sha256(target.tobytes()).hexdigest() + str(target.shape)
        most = self._grey_distance(picture) + self._contents.get_or_make(key, lambda: self._grey_distance(target))
        share = terms.content / most if most else 0.0  # both are uniformly grey
        return Distances(content=share, style=terms.style, score=terms.total)

    def _grey_distance(self, picture: Picture) -> float:
        """The content loss of a picture, with a uniformly grey picture as the content."""
        grey = Photograph(np.full_like(picture, _GREY))
        return self._engine.evaluate(Photograph(picture), grey, grey).content
