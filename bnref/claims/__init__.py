"""What papers say of batch normalization, each claim with the experiment that tests it here.

A module a section, named by its slug, lists the section's claims under `CLAIMS`. The page `claims` shows them all.
"""

import importlib
import importlib.util

from bnref.claims.claim import Claim, Finding, Verdict, spread

__all__ = ["SECTIONS", "Claim", "Finding", "Verdict", "all_claims", "spread"]

# In the order of the book, each with a short name.
SECTIONS = {
    "introduction": "Introduction",
    "scaling": "Scaling",
    "covariate_shift": "Covariate shift",
    "internal_covariate_shift": "Internal covariate shift",
    "batches": "Batches",
    "norm_types": "Normalization types",
    "placement": "Placement",
    "inference": "Inference",
    "cnn": "CNN",
    "today": "Today",
}


def all_claims() -> list[Claim]:
    """The claims of all sections that have some, in the order of the book."""
    names = [f"{__name__}.{section}" for section in SECTIONS]
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    return [claim for module in modules for claim in module.CLAIMS]
