"""`Painter`: a network that has learned one style, and paints any picture in it in one pass."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from nst_engine.config import TransferConfig
from nst_engine.errors import ConfigError, PainterError
from nst_engine.hardware.devices import resolve_device, resolve_precision
from nst_engine.images import Photograph, resize, size_within
from nst_engine.painting.course import Course
from nst_engine.painting.hand import Hand
from nst_engine.painting.learner import compute_dtype
from nst_engine.painting.learning import Check, Learning, Progress
from nst_engine.painting.lessons import Lessons
from nst_engine.painting.network import Arrays, first_parameters
from nst_engine.painting.painter_file import from_bytes, to_bytes
from nst_engine.transfer.engine import StyleTransfer
from nst_engine.transfer.pair import Source, as_photograph
from nst_engine.transfer.shared_state import to_picture, to_pixels
from nst_engine.types import Picture
from nst_engine.version import __version__

NOTE = "derives from the style's picture and from the backbone's weights; their licences may reach what it paints"
"""On the rights in a painter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Painter:
    """A network that has learned one style.

    Attributes:
        parameters: of the network, by name.
        config: what it has learned by; its `side` is the long side of the pictures that it is for.
        style_sha256: hash of the style's picture.
        weights_sha256: hash of the backbone's weights.
        history: the checks of its learning.
        engine_version: the version that made it.
        note: on the rights in it.
    """

    parameters: Arrays
    config: TransferConfig
    style_sha256: str
    weights_sha256: str
    history: tuple[Check, ...]
    engine_version: str = __version__
    note: str = NOTE
    _hand: Callable[[str], Hand] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hand", cache(self._hand_on))

    @property
    def side(self) -> int:
        """Long side of the pictures that it has learned for, in pixels."""
        return self.config.side or 0

    @classmethod
    def learn(
        cls,
        style: Source,
        photographs: Iterable[Source],
        config: TransferConfig,
        device: str | None = None,
        on_progress: Callable[[Progress], Any] | None = None,
        resume: bytes | None = None,
        starts: Sequence[Self] = (),
    ) -> Self:
        """Learn a style.

        With the same arguments and `deterministic`, the painter's file has the same bytes, also if it is resumed.

        Args:
            style: as for `StyleTransfer.run`.
            photographs: pictures like those that are to be painted; a few hundred suffice.
            config: as for `StyleTransfer`; `method` need not be `paint`.
            device: `cpu`, `gpu`, `gpu:1`; None is the best device.
            on_progress: called before the first update and after each.
            resume: what `Progress.checkpoint` made in a learning with the same arguments.
            starts: painters of other styles: the one that is nearest on the held-out photographs is begun with, and a
                quarter of the updates then suffices. A checkpoint knows what it began with.

        Raises:
            PainterError: the photographs are too few, the style is of one colour, the losses are not finite, or the
                checkpoint is damaged.
            ImageError: a picture cannot be read.
            ConfigError, WeightsError: as for `StyleTransfer`.
        """
        return cls.learn_by(StyleTransfer(config, device), style, photographs, on_progress, resume, starts)

    @classmethod
    def learn_by(
        cls,
        engine: StyleTransfer,
        style: Source,
        photographs: Iterable[Source],
        on_progress: Callable[[Progress], Any] | None = None,
        resume: bytes | None = None,
        starts: Sequence[Self] = (),
    ) -> Self:
        """Learn a style by an engine that is there; arguments and errors are those of `learn`."""
        config = engine.config.replace(method="paint", refine=0).lessons
        engine = engine.with_config(config)
        picture = _with_something_to_learn(as_photograph(style))
        course = Course.of(config, begun=bool(starts))
        lessons = Lessons(
            (as_photograph(photograph).over_white() for photograph in photographs),
            course.side,
            course.crops[0],
            config.seed,
        )
        candidates = [start.parameters for start in starts] or [first_parameters(config.seed)]
        learning = Learning(engine, style, lessons, course, candidates, resume)
        for progress in learning.run():
            if on_progress is not None:
                on_progress(progress)
        return cls(
            parameters=learning.parameters,
            config=config,
            style_sha256=sha256(picture.tobytes()).hexdigest(),
            weights_sha256=engine.weights_sha256,
            history=tuple(learning.history),
        )

    def paint(
        self, content: Source, strength: float = 0.5, side: int | None = None, device: str | None = None
    ) -> Picture:
        """Paint one picture.

        Args:
            content: as for `StyleTransfer.run`.
            strength: how much of the style there is, from 0 to 1.
            side: long side of the result in pixels; None is the side that was learned for. Strokes are as wide as they
                are there, whatever the side.
            device: `cpu`, `gpu`, `gpu:1`; None is the best device.

        Returns:
            [height, width, 3], float32, sRGB in [0, 1].

        Raises:
            ImageError: the content cannot be read.
            ConfigError: this machine has no such device, or the strength is not allowed.
        """
        strength = self.config.replace(strength=strength).strength  # refuses what is not allowed
        picture = as_photograph(content).over_white()
        height, width, _ = picture.shape
        name = resolve_device(device)
        with tf.device(name):
            pixels = to_pixels(resize(picture, *size_within(width, height, side or self.side)))
            return to_picture(self._hand(name).paint(pixels, tf.constant(strength)))

    def _hand_on(self, device: str) -> Hand:
        return Hand(self.parameters, compute_dtype(resolve_precision(self.config, device).compute_dtype))

    def to_bytes(self) -> bytes:
        """The painter as a file's bytes; they hold neither times nor paths."""
        account = {name: getattr(self, name) for name in _PLAIN}
        history = [asdict(check) for check in self.history]
        return to_bytes(self.parameters, account | {"config": self.config.to_dict(), "history": history})

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "painter") -> Self:
        """The painter that `to_bytes` wrote; `name` is what to call it in an error.

        Raises:
            PainterError: it is cut, no painter, or of a version that this one does not know.
        """
        parameters, account = from_bytes(data, name)
        expected = {key: value.shape for key, value in first_parameters(0).items()}
        if {key: value.shape for key, value in parameters.items()} != expected:
            raise PainterError(f"painter {name!r} has another network than this version's; learn it again")
        try:
            config = TransferConfig.from_dict(account["config"])
            history = tuple(map(Check.from_dict, account["history"]))
            return cls(parameters=parameters, config=config, history=history, **{key: account[key] for key in _PLAIN})
        except (ConfigError, KeyError, TypeError) as error:
            raise PainterError(f"painter {name!r} is of another version: {error}; learn it again") from error

    def save(self, path: str | Path) -> Path:
        """Write the painter to a file.

        Raises:
            PainterError: it cannot be written.
        """
        try:
            Path(path).write_bytes(self.to_bytes())
        except OSError as error:
            raise PainterError(f"painter {str(path)!r} cannot be written: {error.strerror or error}") from error
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The painter of a file.

        Raises:
            PainterError: the file cannot be read, is no painter, or is of a version that this one does not know.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise PainterError(f"painter {str(path)!r} cannot be read: {error.strerror or error}") from error
        return cls.from_bytes(data, str(path))


def _with_something_to_learn(style: Photograph) -> Picture:
    picture = style.over_white()
    if picture.std(axis=(0, 1)).max() < _LEAST_CONTRAST:
        raise PainterError(f"{style.described} is of one colour: there is no style to learn; use another picture")
    return picture


_LEAST_CONTRAST = 1 / 255

_PLAIN = ("style_sha256", "weights_sha256", "engine_version", "note")
