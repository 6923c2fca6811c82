"""Experiments on covariate shift from rendered to handwritten digits, as a model of rendered and real road scenes."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from bnref.experiments.covariate_shift import SEEDS, domain_test, fit
from bnref.experiments.covariate_shift_statistics import REPAIRED, batched_accuracy, by_shift
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits

Array = NDArray[np.floating]
SIDE = 160  # side length of the drawing in pixels; a digit is about 70 pixels high


def _slanted(drawing: Image.Image, angle: float, shear: float) -> Image.Image:
    """Rotate the drawing by `angle` in radians and shear it, around its center."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[1, shear], [0, 1]]
    (a, b), (d, e) = turn
    c, f = SIDE / 2 * (1 - turn.sum(axis=1))
    return drawing.transform(drawing.size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)


def _rendered(label: int, varied: bool, rng: np.random.Generator) -> Array:
    """Render a digit in Pillow's built-in typeface as 8 by 8 pixels, filling the height as the handwritten ones do.

    Plain digits vary only by a pixel in stroke and position; varied ones also vary in slant and width.
    """
    drawing = Image.new("L", (SIDE, SIDE))
    stroke = int(rng.integers(0, 9) if varied else rng.integers(2, 4))
    middle = (SIDE / 2, SIDE / 2)
    font = ImageFont.load_default(96)
    ImageDraw.Draw(drawing).text(middle, str(label), fill=255, font=font, anchor="mm", stroke_width=stroke)
    if varied:
        drawing = _slanted(drawing, rng.uniform(-0.35, 0.35), rng.uniform(-0.5, 0.3))
    usual = 10 if label == 1 else 22  # width in pixels of a page of 32; a 1 is narrow
    width = int(usual * rng.uniform(0.6, 1.35)) if varied else usual
    reach = 2 if varied else 1
    left = (32 - width) // 2 + int(rng.integers(-reach, reach + 1))
    page = Image.new("L", (32, 32))
    page.paste(drawing.crop(drawing.getbbox()).resize((width, 32), Image.Resampling.BOX), (left, 0))
    return np.asarray(page.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) / 255


@cache
def rendered(count: int, varied: bool, seed: int) -> tuple[Tensor, Tensor]:
    """Render `count` images (count, 1, 8, 8) in [0, 1] with their labels (count,), each digit equally often."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 10
    x = np.stack([_rendered(int(label), varied, rng) for label in y])
    return torch.tensor(x)[:, None], torch.tensor(y)


@dataclass(frozen=True)
class Rendered:
    """Accuracies (S,) of a network trained on 1347 rendered digits.

    `drawn` is on new rendered digits, `written` on handwritten ones, and `recomputed` on handwritten ones with their
    own BN statistics. `auc` is that of a domain classifier for rendered against handwritten digits.
    """

    varied: bool
    drawn: Array
    written: Array
    recomputed: Array
    auc: float


@remembered
def from_rendered(varied: bool, seeds: int = SEEDS) -> Rendered:
    """Train on rendered digits, and test on handwritten ones."""
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
    """Accuracy (S, K) on handwritten digits by training set: K numbers of written ones, alone or with drawn ones."""

    counts: tuple[int, ...]
    alone: Array
    with_drawn: Array


@remembered
def few_written(counts: tuple[int, ...] = (20, 60), seeds: int = SEEDS) -> FewWritten:
    """Train on few handwritten digits, alone and in equal shares with rendered ones."""
    data = digits(images=True)
    drawn, labels = rendered(1347, True, 0)
    scores = np.empty((2, seeds, len(counts)))
    for seed in range(seeds):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(seed))
        for k, count in enumerate(counts):
            few = order[:count]
            again = few.repeat(len(drawn) // count)
            both = torch.cat([data.x[again], drawn]), torch.cat([data.y[again], labels])
            sets = [(data.x[few], data.y[few]), both]
            scores[:, seed, k] = [accuracy(fit(x, y, seed), data.x_test, data.y_test) for x, y in sets]
    return FewWritten(counts, *scores)


@dataclass(frozen=True)
class Gains:
    """Gains in accuracy from recomputed BN statistics, under synthetic shifts and under natural ones.

    `made` (S, 4) is for each of the shifts in `REPAIRED`. `natural` (S, 2) is on handwritten digits, for networks
    trained on plain and on varied rendered ones.
    """

    made: Array
    natural: Array


def gains() -> Gains:
    """Compare the gains from recomputed statistics under synthetic shifts and under a change of origin."""
    made, natural = by_shift().of(*REPAIRED), [from_rendered(varied) for varied in (False, True)]
    return Gains(made.recomputed - made.stored, np.stack([r.recomputed - r.written for r in natural], axis=1))
