"""Claims of the section on batches."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments import batches, batches_training
from bnref.experiments.batches import Noise
from bnref.experiments.batches_training import Accumulation, Ghosts, ScalingRule


def _shown(holds: bool) -> Verdict:
    return Verdict.SHOWN if holds else Verdict.NOT_SHOWN


def _noise_slope(noise: Noise) -> Finding:
    mean, gradient = noise.slope(noise.mean), noise.slope(noise.gradient)
    holds = np.abs(np.concatenate([mean, gradient]) + 0.5).max() < 0.03
    return Finding(f"exponent of m: mean {spread(mean)}, gradient {spread(gradient)}", _shown(bool(holds)))


def _noise_of_finite(noise: Noise) -> Finding:
    measured = noise.mean_without[:, -1] / noise.mean[:, -1]
    expected = noise.expected_without[-1] / noise.expected[-1]
    text = f"1024 of 1347 digits: noise {spread(measured)} of that with replacement, by the formula {expected:.3f}"
    return Finding(text, _shown(bool(np.abs(measured - expected).max() < 0.05)))


def _scaling_holds(result: ScalingRule) -> Finding:
    at = result.factors.index(8)
    base, scaled, unscaled = result.scaled[:, 0], result.scaled[:, at], result.unscaled[:, at]
    text = f"accuracy at 32: {spread(base)}; at 256: {spread(scaled)} scaled, {spread(unscaled)} not"
    return Finding(text, _shown(bool(scaled.mean() > base.mean() - 0.01 and scaled.min() > unscaled.max())))


def _scaling_ends(result: ScalingRule) -> Finding:
    base, last = result.scaled[:, 0], result.scaled[:, -1]
    size = result.batch_size * result.factors[-1]
    text = f"accuracy at {result.batch_size}: {spread(base)}; at {size}, scaled: {spread(last)}"
    return Finding(text, _shown(bool(last.max() < base.min() - 0.05)))


def _accumulation(result: Accumulation) -> Finding:
    without, by_batch = result.difference["no norm"], result.difference["batch norm"][:, 3]
    text = f"8 micro-batches of 8: relative difference {spread(by_batch)} with BN, at most {without.max():.0e} without"
    return Finding(text, _shown(bool(without.max() < 1e-12 and by_batch.min() > 0.1)))


def _ghosts(results: list[Ghosts]) -> Finding:
    small, large, ghost, _ = (result.accuracy for result in results)
    gain = ghost - large
    text = f"accuracy in batches of 32: {spread(small)}; of 640: {spread(large)}, with ghosts of 32: {spread(ghost)}"
    beyond_noise = gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))
    return Finding(text, _shown(bool(large.mean() < small.mean() and beyond_noise)))


CLAIMS = [
    Claim(
        "batch-noise",
        "The standard error of a gradient falls with the square root of the batch size.",
        "goodfellow2016",
        "section 8.1.3",
        "10,000 examples instead of 100: 100 times the computation, the error smaller by a factor of 10",
        "batches",
        batches.noise,
        _noise_slope,
    ),
    Claim(
        "batch-noise-finite",
        "Drawn without replacement, a mean varies less, by the factor of the finite population.",
        "cochran1977",
        "theorem 2.2",
        "",
        "batches",
        batches.noise,
        _noise_of_finite,
    ),
    Claim(
        "linear-scaling",
        "Multiply the learning rate by k when the batch size is multiplied by k, and accuracy stays.",
        "goyal2017",
        "section 2.1",
        "ResNet-50 on ImageNet: no loss of accuracy for batches of up to 8192 images",
        "batches",
        batches_training.scaling_rule,
        _scaling_holds,
    ),
    Claim(
        "linear-scaling-limit",
        "Beyond some batch size the linear rule fails, and accuracy falls.",
        "goyal2017",
        "figure 1",
        "the error rises for batches of more than 8192 images",
        "batches",
        batches_training.scaling_rule,
        _scaling_ends,
    ),
    Claim(
        "accumulation",
        "With batch norm, the size of the batch over which it normalizes changes the loss that is minimized.",
        "goyal2017",
        "section 2.3",
        "",
        "batches",
        batches_training.accumulated_gradients,
        _accumulation,
    ),
    Claim(
        "ghost-batch-norm",
        "Statistics of small ghost batches reduce the generalization gap of large batches.",
        "hoffer2017",
        "abstract",
        "",
        "batches",
        batches_training.ghosts,
        _ghosts,
    ),
]
