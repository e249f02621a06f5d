"""The peer whose pictures are the best, written plainly in PyTorch, on the VGG16 tuned for edges: needs `bench`.

    python -m tests.benchmarks.coarse_to_fine --side 256

takes it to its end and writes what Nightbrush's losses say of its picture on the way to
`curves/coarse-to-fine-256.csv`.

The sides, steps, rates, weights and losses are after the settings of crowsonkb's style-transfer-pytorch, whose content
layer, relu4_2 of VGG19, is here VGG16's `block4_conv2`. What stands here on our own account: the first side begins with
the content; a style is as large as the content at each side; the average begins anew at each side, the count of Adam's
steps does not; and the noise and the stencil below. The weights stand beside features of pixels in 0..255. Beside those
of a network on pixels of unit variance, total variation would weigh 3300 times as much and leave both losses higher: 79
and 14151 instead of 63 and 2627 after 300 steps at 128 pixels.
"""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import NamedTuple

import torch

from nst_engine import LossTerms, StyleTransfer
from nst_engine.images import resize
from nst_engine.images.writing import save
from nst_engine.types import Picture
from tests.benchmarks.peers import Network, pixels
from tests.benchmarks.textbook import CONFIG, CURVES, SIDES, pair

NAME = "coarse-to-fine"
LEAST_SIDE, FIRST_STEPS, STEPS = 128, 1000, 500
EVERY = 100
"""Steps between two lines of the figures."""

CONTENT_LAYER, CONTENT_WEIGHT, TV_WEIGHT = "block4_conv2", 0.015, 2.0
STYLE_LAYERS = {f"block{block}_conv1": 4.0 ** (5 - block) / 341 for block in range(1, 6)}
RATE, BETAS, DECAY = 0.02, (0.9, 0.99), 0.99

NOISE = 0.3
"""Variance of the white noise on both Gaussians; without it, the gradient of the distance has no bound."""


class Gaussian(NamedTuple):
    """Mean [N] and covariance [N, N] of features, float64."""

    mean: torch.Tensor
    covariance: torch.Tensor


class Objective:
    """The loss at one side.

    Args:
        content, style: [side, side, 3], in [0, 1].
    """

    def __init__(self, content: Picture, style: Picture) -> None:
        self._features = Network().features
        with torch.no_grad():
            self._content = self._features(pixels(content))[CONTENT_LAYER]
            F = self._features(pixels(style))
            self._style = {name: gaussian(F[name]) for name in STYLE_LAYERS}
            self._roots = {name: root(target.covariance) for name, target in self._style.items()}

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """The loss of pixels [1, 3, side, side], float32, in [0, 1]."""
        F = self._features(x * 255)
        content = torch.mean((F[CONTENT_LAYER] - self._content) ** 2)
        style = sum(
            share * wasserstein(gaussian(F[name]), self._style[name], self._roots[name])
            for name, share in STYLE_LAYERS.items()
        )
        return CONTENT_WEIGHT * content + style + TV_WEIGHT * total_variation(x)


def gaussian(F: torch.Tensor) -> Gaussian:
    """Mean and noisy covariance of features [1, N, height, width] over their places."""
    rows = F.permute(0, 2, 3, 1).reshape(-1, F.shape[1])
    mean = rows.mean(0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows)
    return Gaussian(mean.double(), covariance.double() + NOISE * torch.eye(len(mean)))


def root(S: torch.Tensor) -> torch.Tensor:
    """`R` [N, N] with `R R^T = S`."""
    eigenvalues, vectors = torch.linalg.eigh(S)
    return vectors * eigenvalues.sqrt()


def wasserstein(picture: Gaussian, target: Gaussian, R: torch.Tensor) -> torch.Tensor:
    """The squared Wasserstein-2 distance of two Gaussians, by channel (Dowson and Landau, 1982).

    With `S2 = R R^T`, the root of `S1^(1/2) S2 S1^(1/2)` has the trace of that of `R^T S1 R`: the same eigenvalues.
    """
    means = torch.mean((picture.mean - target.mean) ** 2)
    roots = torch.linalg.eigvalsh(R.T @ picture.covariance @ R).clamp(min=NOISE**2).sqrt()
    return means + torch.mean(picture.covariance.diag() + target.covariance.diag() - 2 * roots)


def total_variation(x: torch.Tensor) -> torch.Tensor:
    """The mean square of the gradient, by all eight neighbours: the energy of the nine-point Laplacian."""
    aside = torch.mean(x.diff(dim=2) ** 2) + torch.mean(x.diff(dim=3) ** 2)
    falling = torch.mean((x[:, :, 1:, 1:] - x[:, :, :-1, :-1]) ** 2)
    rising = torch.mean((x[:, :, :-1, 1:] - x[:, :, 1:, :-1]) ** 2)
    return 2 / 3 * aside + 1 / 6 * (falling + rising)


class Scale:
    """A picture on its way at one side.

    Args:
        content, style: [side, side, 3], in [0, 1].
        before: what was done at the side before; its average and Adam's moments are gone on from.
    """

    def __init__(self, content: Picture, style: Picture, before: "Scale | None" = None) -> None:
        side = len(content)
        self._objective = Objective(content, style)
        self._x = pixels(content) / 255 if before is None else enlarged(before.mean, side).clamp(0, 1)
        self._adam = torch.optim.Adam([self._x], lr=RATE, betas=BETAS)
        if before is not None:
            self._adam.state[self._x] = before.moments(side)
        self.mean, self._taken = self._x.clone(), 0

    def step(self) -> None:
        """Evaluate the loss and its gradient once, take a step, and count it in the average."""
        x = self._x.detach().requires_grad_()
        (self._x.grad,) = torch.autograd.grad(self._objective.total(x), x)
        self._adam.step()
        self._x.clamp_(0, 1)
        self._taken += 1
        self.mean.lerp_(self._x, (1 - DECAY) / (1 - DECAY**self._taken))

    def moments(self, side: int) -> dict[str, torch.Tensor]:
        """Adam's state, for another side."""
        state = self._adam.state[self._x]
        second = enlarged(state["exp_avg_sq"], side, "bilinear").relu()
        return {"step": state["step"], "exp_avg": enlarged(state["exp_avg"], side), "exp_avg_sq": second}

    @property
    def picture(self) -> Picture:
        """What would be handed out now: the average of the pictures so far, its bias corrected."""
        return self.mean[0].permute(1, 2, 0).numpy().clip(0, 1)


def enlarged(x: torch.Tensor, side: int, mode: str = "bicubic") -> torch.Tensor:
    """[1, 3, height, width] to [1, 3, side, side]."""
    return torch.nn.functional.interpolate(x, size=(side, side), mode=mode, align_corners=False)


def sides(end: int) -> list[int]:
    """From the coarsest to the finest, in steps of sqrt(2)."""
    return [*takewhile(lambda side: side >= LEAST_SIDE, (round(end / 2 ** (i / 2)) for i in count()))][::-1]


def scales(content: Picture, style: Picture) -> Iterator[tuple[int, Scale]]:
    """The steps to take at each side and what takes them; the next begins where they have led to by then.

    Args:
        content, style: as `pair` gives them.
    """
    scale = None
    for side in sides(len(content)):
        steps = STEPS if scale else FIRST_STEPS
        scale = Scale(resize(content, side, side), resize(style, side, side), scale)
        yield steps, scale


class Figures(NamedTuple):
    """What the judge says of the picture after so many steps at a side."""

    side: int
    step: int
    content: float
    style: float


def judge(content: Picture, style: Picture, side: int) -> Callable[[Picture], LossTerms]:
    """What tells a picture's losses, those of the textbook, without weights."""
    engine = StyleTransfer(CONFIG.replace(side=side, precision="float32", style_loss="gram"))
    return partial(engine.evaluate, content=content, style=style)


def progress(content: Picture, style: Picture) -> Iterator[tuple[Figures, Picture]]:
    """Figures and pictures of a run, before any step at a side, every `EVERY`, and after the last."""
    for steps, scale in scales(content, style):
        side = len(scale.picture)
        terms_of = judge(content, style, side)
        for taken in range(steps + 1):
            if taken:
                scale.step()
            if taken % EVERY == 0:
                terms = terms_of(scale.picture)
                yield Figures(side, taken, terms.content, terms.style), scale.picture


def read_figures(side: int) -> list[Figures]:
    """What was ever written down at that side, to the last."""
    with (CURVES / f"{NAME}-{side}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [Figures(int(row["side"]), int(row["step"]), float(row["content"]), float(row["style"])) for row in rows]


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, choices=SIDES, default=256)
    parser.add_argument("--picture", type=Path, help="where to keep the picture, as it is so far; default: nowhere")
    chosen = parser.parse_args()
    with (CURVES / f"{NAME}-{chosen.side}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Figures._fields)
        for figures, picture in progress(*pair(chosen.side)):
            writer.writerow(f"{value:.6g}" for value in figures)
            file.flush()
            if chosen.picture:
                save(picture, chosen.picture)


if __name__ == "__main__":
    main()
