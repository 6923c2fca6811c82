"""Known mistakes in the assignment on batches."""

from bngrader.check.mistakes.batches import count_iterations, iterate_minibatches, merge_statistics, train_linear

KNOWN = (count_iterations.KNOWN, iterate_minibatches.KNOWN, merge_statistics.KNOWN, train_linear.KNOWN)
