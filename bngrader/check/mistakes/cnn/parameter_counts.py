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
        "You count a bias of the convolution even with BN. BN would subtract it again, so the convolution in the "
        "text has none.",
    ),
    Mistake(
        "no gamma and beta",
        {"(2 * out_channels if": "(0 if"},
        "You do not count gamma and beta, which are learnable too.",
    ),
    Mistake(
        "one bias for all",
        {" else out_channels)": " else 1)"},
        "You count one bias for the whole convolution, but each filter has its own.",
    ),
    Mistake(
        "one gamma and beta for all",
        {"(2 * out_channels if": "(2 if"},
        "You count one gamma and one beta for the whole layer, but each output channel has its own.",
    ),
    Mistake(
        "with and without BN swapped",
        {Every(" if batch_norm"): " if not batch_norm"},
        "You swap the two cases. What you return for a convolution with BN belongs to a convolution without BN.",
    ),
    Mistake(
        "swapped",
        {"return learnable, state": "return state, learnable"},
        "You return the state first. The text asks for the learnable parameters first and the state second.",
    ),
    Mistake(
        "learnable alone",
        {"return learnable, state": "return learnable"},
        "You return one number. The caller expects two, the number of learnable parameters and the size of the state.",
    ),
    Mistake(
        "beta alone",
        {"(2 * out_channels if": "(out_channels if"},
        "You count only one learnable parameter of BN per channel. Look for the second one in the formula of BN.",
    ),
    Mistake(
        "no bias without BN",
        {" else out_channels)": " else 0)"},
        "You leave out the bias of the convolution. Without BN, each filter has one.",
    ),
    Mistake(
        "running statistics are learned",
        {"(2 * out_channels if": "(4 * out_channels if"},
        "You count the running means and variances as learnable. But BN computes them as averages, and gradient "
        "descent does not change them.",
    ),
    Mistake(
        "gamma and beta for the input channels",
        {"(2 * out_channels if": "(2 * in_channels if"},
        "You count gamma and beta per input channel. But BN comes after the convolution and normalizes its output "
        "channels.",
    ),
    Mistake(
        "a filter is a line",
        {"kernel_size**2": "kernel_size"},
        "You count only kernel_size weights per filter and input channel. But a filter is a square.",
    ),
    Mistake(
        "one filter for all inputs",
        {"out_channels * in_channels *": "out_channels *"},
        "You count the weights of a filter for a single input channel. But a filter has weights for each of them.",
    ),
    Mistake(
        "the running mean alone",
        {"state = 2 * out_channels": "state = out_channels"},
        "You count only one stored number per channel. BN needs two statistics in evaluation.",
    ),
    Mistake(
        "state for two numbers",
        {"state = 2 * out_channels": "state = 2"},
        "You count one running mean and one running variance for the whole layer, but each output channel has its own.",
    ),
    Mistake(
        "state for the input channels",
        {"state = 2 * out_channels": "state = 2 * in_channels"},
        "You count the running statistics per input channel. But BN comes after the convolution and normalizes its "
        "output channels.",
    ),
    Mistake(
        "everything is state",
        {"state = 2 * out_channels": "state = 4 * out_channels"},
        "You count gamma and beta as state. But gradient descent changes them, so they belong to the learnable "
        "parameters.",
    ),
    Mistake(
        "a counter in the state",
        {"state = 2 * out_channels": "state = 1 + 2 * out_channels"},
        "You count the number of batches as state. PyTorch stores it too, but the text counts only the running means"
        " and variances.",
    ),
    Mistake(
        "no state",
        {"state = 2 * out_channels": "state = 0 * out_channels"},
        "You return no state. In evaluation, BN cannot use the batch, so it stores statistics for each output channel.",
    ),
    Mistake(
        "state without BN",
        {" if batch_norm else 0": ""},
        "You count state even without BN. A convolution alone stores only what it learns.",
    ),
)

KNOWN = Known(parameter_counts, convolutions, MISTAKES, use=one_count)
