"""`python -m bnref.experiments`: run the experiments behind all claims, on all cores, so that the book finds them done.

A page runs its own one after the other. Set `BNREF_EXPERIMENTS`, or nothing is kept.
"""

from joblib import Parallel, delayed

from bnref.experiments.claims import all_claims


def find(chapter: str) -> None:
    """Run the experiments of one chapter's claims: they share some of their work, which is then done once."""
    for claim in all_claims():
        if claim.chapter == chapter:
            claim.find()


def main() -> None:
    """Run each chapter's experiments, beside those of others."""
    chapters = dict.fromkeys(claim.chapter for claim in all_claims())
    Parallel(n_jobs=-1)(delayed(find)(chapter) for chapter in chapters)


if __name__ == "__main__":
    main()
