"""Known mistakes in the assignment on inference with batch normalization."""

from bngrader.check.mistakes.inference import batch_norm_layer, fold_linear, population_statistics, steps_to_forget

KNOWN = (batch_norm_layer.KNOWN, population_statistics.KNOWN, fold_linear.KNOWN, steps_to_forget.KNOWN)
