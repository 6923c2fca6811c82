"""Known mistakes in the assignment on the placement of batch normalization."""

from bngrader.check.mistakes.placement import batch_norm_backward, batch_norm_forward, make_block, tanh_linearity

KNOWN = (batch_norm_forward.KNOWN, batch_norm_backward.KNOWN, tanh_linearity.KNOWN, make_block.KNOWN)
