"""Known mistakes in the assignment on covariate shift."""

from bngrader.check.mistakes.covariate_shift import domain_auc, importance_weights, mean_shift, realign

KNOWN = (mean_shift.KNOWN, domain_auc.KNOWN, importance_weights.KNOWN, realign.KNOWN)
