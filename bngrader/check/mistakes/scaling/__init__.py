"""Known mistakes in the assignment on scaling."""

from bngrader.check.mistakes.scaling import apply_standardize, inverse_standardize, min_max_scale, standardize

KNOWN = (standardize.KNOWN, min_max_scale.KNOWN, apply_standardize.KNOWN, inverse_standardize.KNOWN)
