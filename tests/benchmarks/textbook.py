"""The textbook's recipe, written plainly: float32, Adam at rate 5 on 0..255, one size, 1000 steps from the content.

    python -m tests.benchmarks.textbook --side 256

takes it to its end and writes the losses on the way to `curves/textbook-256.csv`.
"""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from skimage import data

from nst_engine import TransferConfig
from nst_engine.backbones import builders
from nst_engine.backbones.loading import load_weights
from nst_engine.backbones.weights import find_weights
from nst_engine.images import decode, resize
from nst_engine.types import Picture
from tasks.samples.paintings import paint_swirls
from tests.benchmarks.edges import FILE

CONFIG = TransferConfig(backbone="vgg16", weights=str(FILE), formulation="mean", levels=1, iterations=1000)
"""What Nightbrush does in means, at one size, with as many steps as it takes, on the network of the curves."""

STEPS, RATE = 1000, 5.0
SIDES = (256, 512)
BLOCKS = (2, 2, 3, 3, 1)
"""Convolutions of VGG16 that the losses need, by block."""

BGR_MEAN = (103.939, 116.779, 123.68)
CURVES = Path(__file__).parent / "curves"
EVERY = 10
"""Steps between two losses of a curve."""

Weights = dict[str, tuple[np.ndarray, np.ndarray]]
"""Kernel [3, 3, in, out] and bias [out], float32, by layer."""


def pair(side: int) -> tuple[Picture, Picture]:
    """A photograph and a painting, [side, side, 3]: an astronaut, and swirls from the seed 0."""
    return tuple(resize(picture, side, side) for picture in (decode(data.astronaut()), paint_swirls(512, 512, 0)))


def vgg16() -> Weights:
    """The VGG16 tuned for edges, as far as the losses need it, in the order of its layers."""
    model = builders.vgg16()
    load_weights(model, find_weights(CONFIG), CONFIG)
    names = [f"block{block}_conv{index + 1}" for block, count in enumerate(BLOCKS, start=1) for index in range(count)]
    return {name: tuple(model.get_layer(name).get_weights()) for name in names}


class Textbook:
    """One picture on its way.

    Args:
        content, style: as `pair` gives them.
    """

    def __init__(self, content: Picture, style: Picture) -> None:
        self._weights = {name: tuple(map(tf.constant, values)) for name, values in vgg16().items()}
        self._style = {name: self._gram(F) for name, F in self._features(pixels(style)).items()}
        F = self._features(pixels(content))
        self._content = {name: F[name] for name in CONFIG.content_layer_weights}
        self.image = tf.Variable(pixels(content))
        self._adam = keras.optimizers.Adam(RATE)
        self._adam.build([self.image])
        self.step = tf.function(self._step)

    def total(self, x: tf.Tensor) -> tf.Tensor:
        """The loss of pixels [1, height, width, 3], float32, in [0, 255]."""
        F = self._features(x)
        content = [
            share * tf.reduce_mean((F[name] - self._content[name]) ** 2)
            for name, share in CONFIG.content_layer_weights.items()
        ]
        style = [
            share * tf.reduce_mean((self._gram(F[name]) - self._style[name]) ** 2)
            for name, share in CONFIG.style_layer_weights.items()
        ]
        down, right = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
        tv = tf.reduce_mean(down**2) + tf.reduce_mean(right**2)
        return tf.tensordot(CONFIG.loss_weights, tf.stack([tf.add_n(content), tf.add_n(style), tv]), 1)

    def _step(self) -> tf.Tensor:
        """One step; returns the loss before it."""
        with tf.GradientTape() as tape:
            total = self.total(self.image)
        self._adam.apply([tape.gradient(total, self.image)], [self.image])
        self.image.assign(tf.clip_by_value(self.image, 0, 255))
        return total

    def _features(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        x = tf.pad(x[..., ::-1] - BGR_MEAN, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        features = {}
        for name, (kernel, bias) in self._weights.items():
            if features and name.endswith("conv1"):
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
            x = features[name] = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME" if features else "VALID") + bias)
        return features

    @staticmethod
    def _gram(F: tf.Tensor) -> tf.Tensor:
        rows = tf.reshape(F, [-1, F.shape[-1]])
        return tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[0], tf.float32)


def pixels(picture: Picture) -> tf.Tensor:
    """[height, width, 3] in [0, 1] to [1, height, width, 3] in [0, 255]."""
    return tf.constant(picture[np.newaxis] * np.float32(255))


def losses(step: Callable[[], object], total: Callable[[], float], steps: int) -> Iterator[tuple[int, float]]:
    """The steps taken and the loss after them, before any, every `EVERY`, and after the last."""
    for taken in range(steps + 1):
        if taken:
            step()
        if taken % EVERY == 0:
            yield taken, total()


def write_curve(name: str, side: int, curve: Iterable[tuple[int, float]]) -> None:
    """Write a curve, each line as soon as it is known."""
    with (CURVES / f"{name}-{side}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "total"))
        for step, total in curve:
            writer.writerow((step, f"{total:.6g}"))
            file.flush()


def has_curve(name: str, side: int) -> bool:
    """Whether the recipe's losses at that side were ever written down."""
    return (CURVES / f"{name}-{side}.csv").exists()


def read_curve(name: str, side: int) -> dict[int, float]:
    """Losses by the steps taken before them."""
    with (CURVES / f"{name}-{side}.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["step"]): float(row["total"]) for row in csv.DictReader(file)}


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, choices=SIDES, default=256)
    side = parser.parse_args().side
    textbook = Textbook(*pair(side))
    total = tf.function(textbook.total)
    write_curve("textbook", side, losses(textbook.step, lambda: float(total(textbook.image)), STEPS))


if __name__ == "__main__":
    main()
