"""A common judge: one network that scores the pictures of all, whatever they were optimized on."""

from hashlib import sha256

import numpy as np

from nst_engine.images import Photograph
from nst_engine.judging.measures import as_picture, at_size_of
from nst_engine.judging.referee import Distances, Referee
from nst_engine.transfer.engine import StyleTransfer
from nst_engine.transfer.lru_cache import WeightedCache
from nst_engine.transfer.pair import Source
from nst_engine.types import Picture

_GREY = 0.5
_CONTENTS_KEPT = 1024
"""Contents, each at a size, of which it is kept how far they are from grey."""


class Judge:
    """Scores pictures under a referee, by the losses that Gatys et al. (2016) compare pictures by, taken as means.

    `style = sum_l w_l mean((G_l - A_l)^2)`, where `G_l` is `F_l^T F_l` by the number of places; the features are those
    of the referee's preset, with its smoothing, in float32.

    Differs from Gatys et al. (2016): the content distance is a share, `L(F, P) / (L(F, B) + L(P, B))`, where L is
    `sum_l w_l mean((F_l - P_l)^2)`, their content loss as a mean, and B are the features of a picture that is grey all
    over. L alone prefers a blank picture, or faint noise, to any strong painting of the content: what excites the
    network little is never far from anything.

    Random weights tell a result from its content, its style and coarse noise, but not pictures that are much alike: a
    blurred content or faint noise may then be nearer to the content than a result is.

    The network is loaded once, a style's targets are computed once per style and size, and a content's distance from
    grey once per size. A picture costs four passes through the network, forwards, the first of a content six. Large
    pictures are read in tiles where memory is short.

    Args:
        referee: the network and its weights.
        device: `cpu`, `gpu`, `gpu:1`; None is the best that is there.

    Raises:
        ConfigError: this machine has no such device.
        WeightsError: the referee's weights are absent, damaged or do not fit.
    """

    def __init__(self, referee: Referee, device: str | None = None) -> None:
        self.referee = referee
        self._engine = StyleTransfer(referee.config, device)
        self._contents: WeightedCache[str, float] = WeightedCache(_CONTENTS_KEPT)

    def distances(self, image: Source, content: Source, style: Source) -> Distances:
        """How far a picture is from the content and the style that it was made of.

        The content is resized to the picture's size, as a transfer does it; the style is read at the size that a
        transfer of that long side reads it at.

        Args:
            image: a path, a file's bytes, a Pillow image, an array [height, width, 3], uint8 or float in [0, 1], or
                what `nst_engine.images.read_photograph` made of one of these.
            content, style: likewise, of any size.

        Raises:
            ImageError: a picture cannot be read, is too narrow for the referee, or has another aspect than the content.
        """
        picture = as_picture(image)
        target = at_size_of(picture, as_picture(content))
        terms = self._engine.evaluate(Photograph(picture), Photograph(target), style)
        key = sha256(target.tobytes()).hexdigest() + str(target.shape)
        apart = self._from_grey(picture) + self._contents.get_or_make(key, lambda: self._from_grey(target))
        share = terms.content / apart if apart else 0.0  # both are grey all over
        return Distances(content=share, style=terms.style, score=terms.total)

    def _from_grey(self, picture: Picture) -> float:
        """The content loss of a picture, of grey for a content."""
        grey = Photograph(np.full_like(picture, _GREY))
        return self._engine.evaluate(Photograph(picture), grey, grey).content
