"""`python -m bnref.claims`: run the experiments behind all claims on all cores.

The book then finds their results on disk; without them, each page would run its own experiments one after the other.
Set `BNREF_EXPERIMENTS` to the folder for the results, or nothing is kept.
"""

from multiprocessing import Manager
from queue import Queue
from threading import Thread

from joblib import Parallel, delayed

from bnref.claims import all_claims
from bnref.experiments.progress import Progress


def find(chapter: str, found: "Queue[str | None]") -> None:
    """Run the experiments of one chapter's claims in this process, so that work they share is done once."""
    for claim in all_claims():
        if claim.chapter == chapter:
            claim.find()
            found.put(claim.name)


def show(found: "Queue[str | None]", total: int) -> None:
    """Show how many claims have been tested, until None arrives in the queue."""
    progress = Progress("Experiments", total)
    while found.get() is not None:
        progress.step()


def main() -> None:
    """Run the chapters' experiments in parallel."""
    claims = all_claims()
    chapters = dict.fromkeys(claim.chapter for claim in claims)
    with Manager() as manager:
        found = manager.Queue()
        counting = Thread(target=show, args=(found, len(claims)))
        counting.start()
        try:
            Parallel(n_jobs=-1)(delayed(find)(chapter, found) for chapter in chapters)
        finally:
            found.put(None)
            counting.join()


if __name__ == "__main__":
    main()
