"""What papers say of batch normalization, each claim with the experiment that tests it here.

A module a section, named by its slug, lists the section's claims under `CLAIMS`. The page `claims` shows them all.
"""

from bnref.experiments.claims.claim import Claim, Finding, Verdict, spread

__all__ = ["Claim", "Finding", "Verdict", "spread"]
