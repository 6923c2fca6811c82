"""Known mistakes in the assignment on normalization types."""

from bngrader.check.mistakes.norm_types import batch_norm, group_norm, instance_norm, layer_norm, zca_whiten

KNOWN = (batch_norm.KNOWN, layer_norm.KNOWN, instance_norm.KNOWN, group_norm.KNOWN, zca_whiten.KNOWN)
