"""Published claims about batch normalization, each with the experiment that tests it.

Each section has a module, named by its slug, that lists the section's claims in `CLAIMS`. The page `claims` shows all.
"""

import importlib
import importlib.util

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import Effect, Unit

__all__ = ["SECTIONS", "Claim", "Effect", "Finding", "Kind", "Unit", "Verdict", "all_claims", "spread"]

# Slugs in the order of the book, with short titles.
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
    "depth": "Depth",
}


def all_claims() -> list[Claim]:
    """Return the claims of all sections in the order of the book."""
    names = [f"{__name__}.{section}" for section in SECTIONS]
    # Sections without claims have no module.
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    return [claim for module in modules for claim in module.CLAIMS]
