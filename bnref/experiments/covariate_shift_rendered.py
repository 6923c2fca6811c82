"""Experiments on covariate shift: digits that a program draws stand in for roads that a game engine renders."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from bnref.experiments.covariate_shift import domain_test, fit
from bnref.experiments.covariate_shift_statistics import REPAIRED, batched_accuracy, by_shift
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits

Array = NDArray[np.floating]
SIDE = 160  # of the drawing, in which a digit is about 70 high


def _slanted(drawing: Image.Image, angle: float, shear: float) -> Image.Image:
    """The drawing turned by `angle`, and sheared, round its middle."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[1, shear], [0, 1]]
    (a, b), (d, e) = turn
    c, f = SIDE / 2 * (1 - turn.sum(axis=1))
    return drawing.transform(drawing.size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)


def _rendered(label: int, varied: bool, rng: np.random.Generator) -> Array:
    """One digit of Pillow's own typeface as 8 by 8 pixels, as high as the image like the written ones.

    Plain digits differ in a pixel of stroke and place alone; varied ones in stroke, slant, width and place.
    """
    drawing = Image.new("L", (SIDE, SIDE))
    stroke = int(rng.integers(0, 9) if varied else rng.integers(2, 4))
    middle = (SIDE / 2, SIDE / 2)
    font = ImageFont.load_default(96)
    ImageDraw.Draw(drawing).text(middle, str(label), fill=255, font=font, anchor="mm", stroke_width=stroke)
    if varied:
        drawing = _slanted(drawing, rng.uniform(-0.35, 0.35), rng.uniform(-0.5, 0.3))
    usual = 10 if label == 1 else 22
    width = int(usual * rng.uniform(0.6, 1.35)) if varied else usual
    reach = 2 if varied else 1
    left = (32 - width) // 2 + int(rng.integers(-reach, reach + 1))
    page = Image.new("L", (32, 32))
    page.paste(drawing.crop(drawing.getbbox()).resize((width, 32), Image.Resampling.BOX), (left, 0))
    return np.asarray(page.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) / 255


@cache
def rendered(count: int, varied: bool, seed: int) -> tuple[Tensor, Tensor]:
    """Images (count, 1, 8, 8) in [0, 1] of drawn digits with their labels (count,), each digit equally often."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 10
    x = np.stack([_rendered(int(label), varied, rng) for label in y])
    return torch.tensor(x)[:, None], torch.tensor(y)


@dataclass(frozen=True)
class Rendered:
    """A network that learned 1347 drawn digits: accuracy (S,) on new drawn ones, on written ones, and repaired.

    `recomputed` is on the written ones with BN statistics of their own. `auc` tells drawn from written ones.
    """

    varied: bool
    drawn: Array
    written: Array
    recomputed: Array
    auc: float


@remembered
def from_rendered(varied: bool, seeds: int = 3) -> Rendered:
    """Learn from drawn digits, and read written ones."""
    data = digits(images=True)
    (x, y), (x_new, y_new) = rendered(1347, varied, 0), rendered(450, varied, 1)
    scores = []
    for seed in range(seeds):
        model = fit(x, y, seed).eval()
        recomputed = batched_accuracy(model, data.x_test, data.y_test, len(data.x_test))
        scores.append((accuracy(model, x_new, y_new), accuracy(model, data.x_test, data.y_test), recomputed))
    drawn, written, repaired = np.array(scores).T
    return Rendered(varied, drawn, written, repaired, domain_test(x, data.x_test))


@dataclass(frozen=True)
class FewWritten:
    """Accuracy (S,) on written digits after learning few written ones, these and drawn ones, or three times as many."""

    few: Array
    few_and_drawn: Array
    three_times: Array


@remembered
def few_written(count: int = 20, seeds: int = 3) -> FewWritten:
    """Add 1347 varied drawn digits to `count` written ones, in equal shares; or have three times the written ones."""
    data = digits(images=True)
    drawn, labels = rendered(1347, True, 0)
    scores = []
    for seed in range(seeds):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(seed))
        few, more = order[:count], order[: 3 * count]
        again = few.repeat(len(drawn) // count)
        both = torch.cat([data.x[again], drawn]), torch.cat([data.y[again], labels])
        sets = [(data.x[few], data.y[few]), both, (data.x[more], data.y[more])]
        scores.append([accuracy(fit(x, y, seed), data.x_test, data.y_test) for x, y in sets])
    return FewWritten(*np.array(scores).T)


@dataclass(frozen=True)
class Gains:
    """By how much accuracy (S,) rises when BN statistics are recomputed: under shifts made by arithmetic, and others.

    `made` is the mean over `REPAIRED`; `natural` is for a network that learned varied drawn digits, on written ones.
    """

    made: Array
    natural: Array


def gains() -> Gains:
    """Compare what new statistics repair where arithmetic moved the test set, and where its origin did."""
    made, natural = by_shift().of(*REPAIRED), from_rendered(True)
    return Gains((made.recomputed - made.stored).mean(axis=1), natural.recomputed - natural.written)
