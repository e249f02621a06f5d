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
"""Contents, each at one size, whose distances from grey are cached."""


class Judge:
    """Scores pictures under a referee by losses in shares, which mean the same under each.

    The style distance is the style loss of `formulation="share"` (see `Objective`): 0 at the style, and 1 as far from
    it as a picture that has nothing of it; every layer has its say. The content distance is
    `L(F, P) / (L(F, B) + L(P, B))`, where L is `sum_l w_l mean((F_l - P_l)^2)`, the content loss of Gatys et al. (2016)
    as a mean, and B are the features of a uniformly grey picture. L alone prefers a blank picture, or faint noise, to
    any strong painting of the content: a picture with weak features is never far from anything. Layers are the preset
    of the referee's backbone, and features are float32.

    Random weights tell a result from its content, its style and coarse noise, but cannot rank similar pictures: under
    them a blurred content, or faint noise, may be nearer to the content than a result.

    The network is loaded once, a style's targets are computed once per style and size, and a content's distance from
    grey once per size. A picture costs four forward passes through the network, the first picture of a content eight.
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
        self._style_weight = referee.config.loss_weights.style
        self._contents: WeightedCache[str, tuple[float, float]] = WeightedCache(_MAX_CONTENTS)

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
        to_grey, from_grey = self._contents.get_or_make(key, lambda: self._grey_distances(target))
        most = self._content_loss(picture, _grey(picture)) + to_grey
        # losses are in units of their own content: the last factor has those of grey instead of those of this content
        share = terms.content / most * (to_grey / from_grey if from_grey else 1) if most else 0.0  # 0: all is grey
        return Distances(content=share, style=terms.style, score=share + self._style_weight * terms.style)

    def _grey_distances(self, content: Picture) -> tuple[float, float]:
        """The content loss of a content with a uniformly grey picture as the content, and the other way round."""
        grey = _grey(content)
        return self._content_loss(content, grey), self._content_loss(grey, content)

    def _content_loss(self, picture: Picture, content: Picture) -> float:
        return self._engine.evaluate(Photograph(picture), Photograph(content), Photograph(content)).content


def _grey(picture: Picture) -> Picture:
    """A uniformly grey picture of the same size."""
    return np.full_like(picture, _GREY)
