"""Known mistakes in `parameter_counts`."""

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.cnn.shared import part_of


def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    weights = out_channels * in_channels * kernel_size**2
    learnable = weights + (2 * out_channels if batch_norm else out_channels)
    state = 2 * out_channels if batch_norm else 0
    return learnable, state


def convolutions(rng):
    few = [(3, 64, 7), (1, 1, 1), *rng.integers(2, 9, (2, 3)).tolist()]
    for sizes in few:
        for batch_norm in (False, True):
            for name in ("learnable", "state"):
                yield name, *sizes, batch_norm


def one_count(count, name, in_channels, out_channels, kernel_size, batch_norm):
    return part_of(count(in_channels, out_channels, kernel_size, batch_norm), ("learnable", "state"), name)


MISTAKES = (
    Mistake(
        "a bias under BN",
        {"(2 * out_channels if": "(3 * out_channels if"},
        "You count a bias of the convolution in addition to BN. BN would subtract it again, so there is none.",
    ),
    Mistake(
        "no gamma and beta",
        {"(2 * out_channels if": "(0 if"},
        "You do not count gamma and beta. They are learnable, and every output channel has one of each.",
    ),
    Mistake(
        "one bias for all",
        {" else out_channels)": " else 1)"},
        "You count one bias for the whole convolution. Each filter has its own.",
    ),
    Mistake(
        "one gamma and beta for all",
        {"(2 * out_channels if": "(2 if"},
        "You count one gamma and one beta for the whole layer. Each output channel has its own.",
    ),
    Mistake(
        "with and without BN swapped",
        {Every(" if batch_norm"): " if not batch_norm"},
        "Your two cases are swapped: the count for a convolution with BN belongs to one without.",
    ),
    Mistake(
        "swapped",
        {"return learnable, state": "return state, learnable"},
        "You return the state first. The learnable parameters come first, then the state.",
    ),
    Mistake(
        "learnable alone",
        {"return learnable, state": "return learnable"},
        "You return one number. There should be two: the learnable parameters and the state.",
    ),
    Mistake(
        "beta alone",
        {"(2 * out_channels if": "(out_channels if"},
        "You count one learnable parameter of BN per channel. There are two: gamma and beta.",
    ),
    Mistake(
        "no bias without BN",
        {" else out_channels)": " else 0)"},
        "You leave out the bias: without BN, each filter has one.",
    ),
    Mistake(
        "running statistics are learned",
        {"(2 * out_channels if": "(4 * out_channels if"},
        "You count the running mean and variance as learnable. They are averages, which are not learned.",
    ),
    Mistake(
        "gamma and beta for the input channels",
        {"(2 * out_channels if": "(2 * in_channels if"},
        "You count gamma and beta for each input channel. BN comes after the convolution.",
    ),
    Mistake(
        "a filter is a line",
        {"kernel_size**2": "kernel_size"},
        "You count kernel_size weights for each filter and channel. The filter is a square.",
    ),
    Mistake(
        "one filter for all inputs",
        {"out_channels * in_channels *": "out_channels *"},
        "You count the weights of a filter for one input channel only. It has as many for every other one.",
    ),
    Mistake(
        "the running mean alone",
        {"state = 2 * out_channels": "state = out_channels"},
        "You count one stored number per channel. BN stores a running mean and a running variance.",
    ),
    Mistake(
        "state for two numbers",
        {"state = 2 * out_channels": "state = 2"},
        "You count one running mean and one running variance for the whole layer. Each output channel has its own.",
    ),
    Mistake(
        "state for the input channels",
        {"state = 2 * out_channels": "state = 2 * in_channels"},
        "You count running statistics for each input channel. BN comes after the convolution.",
    ),
    Mistake(
        "everything is state",
        {"state = 2 * out_channels": "state = 4 * out_channels"},
        "You count gamma and beta as state. They are learned; only the running mean and variance are state.",
    ),
    Mistake(
        "a counter in the state",
        {"state = 2 * out_channels": "state = 1 + 2 * out_channels"},
        "You count the number of batches as state. Only the running means and variances count here.",
    ),
    Mistake(
        "no state",
        {"state = 2 * out_channels": "state = 0 * out_channels"},
        "You count no state. BN stores a running mean and a running variance for each output channel.",
    ),
    Mistake(
        "state without BN",
        {" if batch_norm else 0": ""},
        "You count state without BN. A convolution stores nothing except what it learns.",
    ),
)

KNOWN = Known(parameter_counts, convolutions, MISTAKES, use=one_count)
