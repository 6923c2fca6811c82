"""Known mistakes in the assignment on batch normalization in a CNN."""

from bngrader.check.mistakes.cnn import (
    batch_norm2d_backward,
    batch_norm2d_forward,
    fold_conv,
    make_network,
    parameter_counts,
)

KNOWN = (
    batch_norm2d_forward.KNOWN,
    batch_norm2d_backward.KNOWN,
    parameter_counts.KNOWN,
    fold_conv.KNOWN,
    make_network.KNOWN,
)
