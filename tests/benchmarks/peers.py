"""What others do, written plainly in PyTorch on the same weights, losses and pictures: needs the extra `bench`.

    python -m tests.benchmarks.peers --recipe tutorial --side 256

takes a recipe to the textbook's last loss, in 1000 steps at most, and writes the losses on the way to
`curves/tutorial-256.csv`.
"""

from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

import torch

from nst_engine.types import Picture
from tests.benchmarks.textbook import BGR_MEAN, CONFIG, RATE, SIDES, STEPS, losses, pair, read_curve, vgg16, write_curve

Evaluate = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Loss and gradient of pixels [1, 3, height, width] in [0, 255]."""


class Network:
    """The VGG16 tuned for edges, as far as the losses need it, channels last.

    Args:
        low: whether it computes in bfloat16, by autocast.
    """

    def __init__(self, low: bool = False) -> None:
        self._low = low
        self._weights = {
            name: (torch.tensor(kernel.transpose(3, 2, 0, 1)).to(memory_format=torch.channels_last), torch.tensor(bias))
            for name, (kernel, bias) in vgg16().items()
        }
        self._mean = torch.tensor(BGR_MEAN).view(1, 3, 1, 1)

    def features(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """By layer, the features [1, N, height, width] of pixels [1, 3, height, width] in [0, 255]."""
        functional = torch.nn.functional
        x = functional.pad(x.flip(1) - self._mean, (1, 1, 1, 1), mode="replicate")
        x = x.contiguous(memory_format=torch.channels_last)
        features: dict[str, torch.Tensor] = {}
        with torch.autocast("cpu", torch.bfloat16, enabled=self._low):
            for name, (kernel, bias) in self._weights.items():
                if features and name.endswith("conv1"):
                    x = functional.max_pool2d(x, 2)
                x = functional.relu(functional.conv2d(x, kernel, bias, padding=1 if features else 0))
                features[name] = x
        return features


class Objective:
    """The textbook's loss.

    Args:
        content, style: as `pair` gives them.
        low: whether the network computes in bfloat16; Gram matrices and losses are float32.
    """

    def __init__(self, content: Picture, style: Picture, low: bool) -> None:
        self._features = Network(low).features
        with torch.no_grad():
            F = self._features(pixels(content))
            self._content = {name: F[name].float() for name in CONFIG.content_layer_weights}
            self._style = {name: _gram(F) for name, F in self._features(pixels(style)).items()}

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """The loss of pixels [1, 3, height, width], float32, in [0, 255]."""
        F = self._features(x)
        content = sum(
            share * torch.mean((F[name].float() - self._content[name]) ** 2)
            for name, share in CONFIG.content_layer_weights.items()
        )
        style = sum(
            share * torch.mean((_gram(F[name]) - self._style[name]) ** 2)
            for name, share in CONFIG.style_layer_weights.items()
        )
        tv = torch.mean(x.diff(dim=2) ** 2) + torch.mean(x.diff(dim=3) ** 2)
        return sum(weight * term for weight, term in zip(CONFIG.loss_weights, (content, style, tv), strict=True))

    def evaluate(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and its gradient."""
        x = x.detach().requires_grad_()
        total = self.total(x)
        (gradient,) = torch.autograd.grad(total, x)
        return total.detach(), gradient


class Recipe(Protocol):
    """A picture on its way."""

    def step(self) -> object:
        """Evaluate the loss and its gradient once, and take a step."""

    @property
    def picture(self) -> torch.Tensor:
        """What would be handed out now: [1, 3, height, width] in [0, 255]."""


class Adam:
    """Adam on pixels of the range [0, white], clipped to it."""

    def __init__(self, evaluate: Evaluate, x: torch.Tensor, white: float, **settings: object) -> None:
        self._evaluate, self._white = evaluate, white
        self._x = x / 255 * white
        self._adam = torch.optim.Adam([self._x], **settings)

    def step(self) -> None:
        _, gradient = self._evaluate(self.picture)
        self._x.grad = gradient * (255 / self._white)
        self._adam.step()
        self._x.clamp_(0, self._white)

    @property
    def picture(self) -> torch.Tensor:
        return self._x * (255 / self._white)


class LBFGS:
    """PyTorch's own L-BFGS, without bounds or a line search; the picture is clipped when it is handed out."""

    def __init__(self, evaluate: Evaluate, x: torch.Tensor) -> None:
        self._evaluate, self._x = evaluate, x.clone()
        self._lbfgs = torch.optim.LBFGS([self._x], max_iter=1, history_size=100, tolerance_grad=-1, tolerance_change=-1)

    def step(self) -> None:
        self._lbfgs.step(self._closure)

    def _closure(self) -> torch.Tensor:
        total, self._x.grad = self._evaluate(self._x)
        return total

    @property
    def picture(self) -> torch.Tensor:
        return self._x.clamp(0, 255)


class ProjectedLBFGS:
    """L-BFGS on the pixels that the box lets free, its trials projected on the box and halved until one is good."""

    def __init__(self, evaluate: Evaluate, x: torch.Tensor) -> None:
        self._evaluate, self._x, self._trial = evaluate, x, x
        self._total, self._gradient = torch.tensor(torch.inf), torch.zeros_like(x)
        self._pairs: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=20)

    def step(self) -> None:
        total, gradient = self._evaluate(self._trial)
        moved = self._trial - self._x
        if total <= self._total + 1e-4 * torch.sum(self._gradient * moved):
            change = gradient - self._gradient
            if torch.sum(moved * change) > 0:
                self._pairs.append((moved, change))
            self._x, self._total, self._gradient = self._trial, total, gradient
            self._aim()
        else:
            self._length /= 2
            if self._length < 1e-3:
                self._pairs.clear()
                self._aim()
        self._trial = torch.clamp(self._x + self._length * self._direction, 0, 255)

    @property
    def picture(self) -> torch.Tensor:
        return self._x

    def _aim(self) -> None:
        g = self._gradient
        free = ~(((self._x <= 0) & (g > 0)) | ((self._x >= 255) & (g < 0)))
        self._length, self._direction = 1.0, -two_loop(g * free, self._pairs) * free
        if not self._pairs or torch.sum(self._direction * g) >= 0:
            self._pairs.clear()
            self._direction = -4 * g * free / torch.sqrt(torch.mean((g * free) ** 2))


def two_loop(g: torch.Tensor, pairs: deque[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """The inverse Hessian estimate times `g` (Nocedal and Wright, 2006, algorithm 7.4)."""
    q, steps = g, []
    for s, y in reversed(pairs):
        alpha = torch.sum(s * q) / torch.sum(s * y)
        q = q - alpha * y
        steps.append((alpha, s, y))
    if pairs:
        s, y = pairs[-1]
        q = q * torch.sum(s * y) / torch.sum(y * y)
    for alpha, s, y in reversed(steps):
        q = q + s * (alpha - torch.sum(y * q) / torch.sum(s * y))
    return q


RECIPES: dict[str, tuple[bool, Callable[[Evaluate, torch.Tensor], Recipe]]] = {
    "textbook-torch": (False, partial(Adam, white=255, lr=RATE)),
    "textbook-torch-bfloat16": (True, partial(Adam, white=255, lr=RATE)),
    "tutorial": (False, partial(Adam, white=1, lr=0.02, betas=(0.99, 0.999), eps=0.1)),
    "neural-style-pt": (False, LBFGS),
    "projected": (False, ProjectedLBFGS),
    "projected-bfloat16": (True, ProjectedLBFGS),
}
"""By name, whether the network computes in bfloat16, and what makes the recipe from the loss and the first pixels.

`tutorial` is TensorFlow's, `neural-style-pt` the project of that name: their optimizers as they ship them, here on the
textbook's losses at one size. crowsonkb's style-transfer-pytorch has Adam at rate 5.1 on 0..255: the textbook's.
"""


def pixels(picture: Picture) -> torch.Tensor:
    """[height, width, 3] in [0, 1] to [1, 3, height, width] in [0, 255]."""
    return torch.tensor(picture.transpose(2, 0, 1)[None] * 255).contiguous(memory_format=torch.channels_last)


def started(name: str, content: Picture, style: Picture) -> Recipe:
    """The recipe of that name, before its first step."""
    low, make = RECIPES[name]
    return make(Objective(content, style, low).evaluate, pixels(content))


def until(goal: float, curve: Iterable[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    """A curve to its first loss that is no greater than `goal`, that one included."""
    for step, total in curve:
        yield step, total
        if total <= goal:
            return


def _gram(F: torch.Tensor) -> torch.Tensor:
    rows = F.float().permute(0, 2, 3, 1).reshape(-1, F.shape[1])
    return rows.T @ rows / len(rows)


def main() -> None:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", choices=RECIPES, required=True)
    parser.add_argument("--side", type=int, choices=SIDES, default=256)
    chosen = parser.parse_args()
    pictures = pair(chosen.side)
    recipe, judge = started(chosen.recipe, *pictures), Objective(*pictures, low=False)
    goal = read_curve("textbook", chosen.side)[STEPS]

    @torch.no_grad()
    def total() -> float:
        return float(judge.total(recipe.picture))

    write_curve(chosen.recipe, chosen.side, until(goal, losses(recipe.step, total, STEPS)))


if __name__ == "__main__":
    main()
