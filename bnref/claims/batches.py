"""Claims of the section on batches."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import Effect, points
from bnref.claims.rule import decide, decide_not_worse
from bnref.experiments import batches, batches_training
from bnref.experiments.batches import Array, EveryBatch
from bnref.experiments.batches_training import Accumulation, Course, ScalingRule

ROUNDING = 1e-10
LITTLE = 1.0  # percentage points of accuracy that count as no loss


def _exact(measured: str, off: float) -> Finding:
    return Finding(measured, Verdict.SHOWN if off < ROUNDING else Verdict.CONTRADICTED)


def judge_noise(result: EveryBatch) -> Finding:
    """Check the noise of a batch's gradient, drawn with replacement, against its formula."""
    return _noise(result.noise, result.formula, "all 1,554 batches of 1 to 4 of six digits, drawn with replacement")


def judge_finite(result: EveryBatch) -> Finding:
    """Check the noise of a batch's gradient, drawn without replacement, against its formula."""
    batches_listed = "all 56 batches of 1 to 4 of six digits, drawn without replacement"
    return _noise(result.noise_without, result.formula_without, batches_listed)


def _noise(noise: Array, formula: Array, listed: str) -> Finding:
    off = float(np.abs(noise / formula - 1).max())
    return _exact(
        f"the formula gives the noise of the gradient over {listed}, up to a relative error of {off:.0e}", off
    )


def judge_accumulation(result: Accumulation) -> Finding:
    """Check that accumulation is exact without BN, and with BN the gradient of another loss, of ghost batches."""
    without, ghosts = result.difference["no norm"].max(), result.from_ghosts.max()
    whole = result.difference["batch norm"][:, result.parts.index(8)]
    measured = (
        f"gradient of 64 digits, accumulated over 2 to 32 micro-batches. Without BN, it differs from the whole batch's "
        f"by at most {without:.0e} of its length. With BN and 8 micro-batches, it differs by {spread(whole, 2)}, but "
        f"by at most {ghosts:.0e} from the gradient with ghost batches of the same size"
    )
    if result.difference["batch norm"][:, 1:].min() < 0.1:  # then BN would not matter
        return Finding(measured, Verdict.CONTRADICTED)
    return _exact(measured, max(without, ghosts))


def judge_scaling(result: ScalingRule) -> Finding:
    """Compare larger batches at scaled rates with the smallest; the control keeps the rate and must lose."""
    effects = _from_smallest(result, range(1, len(result.factors)))
    at, rate = result.factors.index(8), result.rates.index(result.kept)
    scaled, unscaled = result.scaled[rate, :, at], result.unscaled[:, at]
    control = points("test accuracy, scaled minus unscaled", f"rate {result.kept:g}, k = 8", scaled, unscaled)
    measured = (
        f"accuracy from rate {result.kept:g}: {spread(result.scaled[rate, :, 0])} in batches of 32; in batches of 256, "
        f"{spread(scaled)} with the rate times 8 and {spread(unscaled)} with the same rate"
    )
    return Finding(measured, decide_not_worse(effects, LITTLE, control), tuple(effects))


def judge_limit(result: ScalingRule) -> Finding:
    """Test whether the largest batch, the whole training set, loses accuracy at every base rate."""
    effects = [
        points(
            "test accuracy, batches of 32 minus full batch",
            f"rate {rate:g}, times 40",
            of_rate[:, 0],
            of_rate[:, -1],
        )
        for rate, of_rate in zip(result.rates, result.scaled, strict=True)
    ]
    last = "; ".join(
        f"{spread(of_rate[:, -1])} from rate {rate:g}"
        for rate, of_rate in zip(result.rates, result.scaled, strict=True)
    )
    return Finding(
        f"accuracy of the full batch of 1,280, with the rate times 40: {last}", decide(effects), tuple(effects)
    )


def _from_smallest(result: ScalingRule, chosen: range) -> list[Effect]:
    """Compare each of the chosen batch sizes with the smallest one, at each base rate."""
    return [
        points(
            "test accuracy, larger batches minus batches of 32",
            f"rate {rate:g}, k = {result.factors[i]}",
            of_rate[:, i],
            of_rate[:, 0],
        )
        for rate, of_rate in zip(result.rates, result.scaled, strict=True)
        for i in chosen
    ]


def judge_ghosts(result: dict[str, Course]) -> Finding:
    """Compare ghost batches with plain large batches, at both ghost sizes and after each number of epochs."""
    large = result["large"]
    effects = [
        points(
            "test accuracy, ghost batches minus plain batches of 640",
            f"{result[key].way}, {epochs} epochs",
            result[key].after_epochs(epochs),
            large.after_epochs(epochs),
        )
        for key in ("ghosts_32", "ghosts_8")
        for epochs in batches_training.EPOCHS
    ]
    gap = "test accuracy, batches of 32 minus batches of 640"
    control = points(gap, "20 epochs", result["small"].after_epochs(20), large.after_epochs(20))
    measured = "accuracy after 20 epochs: " + ", ".join(
        f"{c.way} {spread(c.after_epochs(20))}" for c in result.values()
    )
    return Finding(measured, decide(effects, control=control), tuple(effects))


def judge_longer(result: dict[str, Course]) -> Finding:
    """Compare large and small batches after as many updates; the control compares them after as many epochs."""
    small, large = result["small"], result["large"]
    compares = "test accuracy, batches of 640 minus batches of 32"
    effects = [
        points(compares, f"{n} updates each", large.after_updates(n), small.after_updates(n)) for n in (200, 400)
    ]
    control = points(
        "test accuracy, batches of 32 minus batches of 640",
        "10 epochs each",
        small.after_epochs(10),
        large.after_epochs(10),
    )
    measured = (
        f"accuracy in batches of 32 and of 640: {spread(small.after_epochs(10))} and {spread(large.after_epochs(10))} "
        f"after 10 epochs, {spread(small.after_updates(400))} and {spread(large.after_updates(400))} after 400 updates"
    )
    return Finding(measured, decide_not_worse(effects, LITTLE, control), tuple(effects))


CLAIMS = [
    Claim(
        name="standard-error",
        says="The standard error of a gradient falls with the square root of the batch size.",
        source="goodfellow2016",
        where="section 8.1.3",
        published="10,000 examples instead of 100: 100 times the computation, the error smaller by a factor of 10",
        chapter="batches",
        experiment=batches.every_batch,
        judge=judge_noise,
        kind=Kind.IDENTITY,
        limits="Algebra: it holds for any samples, but says nothing about how much noise a training run tolerates.",
    ),
    Claim(
        name="standard-error-finite",
        says="Drawn without replacement, a mean varies less, by the factor of the finite population.",
        source="cochran1977",
        where="theorem 2.2",
        published="",
        chapter="batches",
        experiment=batches.every_batch,
        judge=judge_finite,
        kind=Kind.IDENTITY,
        limits="Algebra: it holds for one batch, and does not describe the batches of an epoch together.",
    ),
    Claim(
        name="linear-scaling",
        says="Multiply the learning rate by k when the batch size is multiplied by k, and accuracy stays.",
        source="goyal2017",
        where="section 2.1",
        published="ResNet-50 on ImageNet: no loss of accuracy for batches of up to 8192 images",
        chapter="batches",
        experiment=batches_training.scaling_rule,
        judge=judge_scaling,
        limits="Ten epochs on 1,280 digits without warmup: where the rule ends depends on the task.",
    ),
    Claim(
        name="linear-scaling-limit",
        says="Beyond some batch size the linear rule fails, and accuracy falls.",
        source="goyal2017",
        where="figure 1",
        published="the error rises for batches of more than 8192 images",
        chapter="batches",
        experiment=batches_training.scaling_rule,
        judge=judge_limit,
        limits="The full batch makes ten updates in all, so it may fail for lack of time alone.",
    ),
    Claim(
        name="accumulation",
        says="With BN, the size of the batch over which it normalizes changes the loss that is minimized.",
        source="goyal2017",
        where="section 2.3",
        published="",
        chapter="batches",
        experiment=batches_training.accumulated_gradients,
        judge=judge_accumulation,
        kind=Kind.IDENTITY,
        limits="It compares gradients before training; how much accuracy the other loss costs is another question.",
    ),
    Claim(
        name="ghost-batch-norm",
        says="Statistics of small ghost batches reduce the generalization gap of large batches, without more updates.",
        source="hoffer2017",
        where="abstract",
        published="",
        chapter="batches",
        experiment=batches_training.large_batches,
        judge=judge_ghosts,
        limits="One learning rate that never falls, on 1,280 digits: the paper lowers its rate, on far larger tasks.",
    ),
    Claim(
        name="train-longer",
        says="The generalization gap of large batches comes from the small number of updates, not from the batch size.",
        source="hoffer2017",
        where="abstract",
        published="",
        chapter="batches",
        experiment=batches_training.large_batches,
        judge=judge_longer,
        limits="As many updates of batches of 640 read twenty times as many samples: it is no saving of computation.",
    ),
]
