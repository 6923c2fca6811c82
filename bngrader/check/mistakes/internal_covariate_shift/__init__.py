"""Known mistakes in the assignment on internal covariate shift."""

from bngrader.check.mistakes.internal_covariate_shift import (
    activation_percentiles,
    gradient_shift,
    record_activations,
    standardize_activations,
)

KNOWN = (activation_percentiles.KNOWN, record_activations.KNOWN, gradient_shift.KNOWN, standardize_activations.KNOWN)
