"""Pairs of similar texts: a cheap count for all pairs, then copydetect's comparison for the candidates."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from copydetect import CodeFingerprint, compare_files
from scipy.sparse import csr_matrix, triu

from bngrader.similarity.fingerprints import all_hashes, common_hashes, fingerprint, without
from bngrader.similarity.texts import SUBMISSION, Text

MIN_FINGERPRINTS = 5  # a text with fewer of its own is too short to compare
# Fingerprints sample the text, so a pair is compared closely if it shares at least this part of the share asked for.
CANDIDATE_MARGIN = 0.5


@dataclass(frozen=True)
class SimilarPair:
    """Two texts, with the share of each one's own code that is in the other, and its passages as (start, end)."""

    one: Text
    other: Text
    shares: tuple[float, float]
    passages: tuple[list[tuple[int, int]], list[tuple[int, int]]]

    @property
    def share(self) -> float:
        """The larger of the two shares: a copy with much added is still a copy."""
        return max(self.shares)

    def as_dict(self) -> dict[str, Any]:
        """Return the pair as plain data."""
        names = {"one": self.one.name, "other": self.other.name, "kind": self.other.kind}
        return names | {"share_of_one": round(self.shares[0], 3), "share_of_other": round(self.shares[1], 3)}


class Comparison:
    """Texts of one assignment, ready to be compared."""

    def __init__(self, handed_out: Iterable[str]) -> None:
        """Start with the code that students were given, whose passages do not count."""
        self._ignored = set[int]().union(*map(all_hashes, handed_out))
        self._prints: list[tuple[Text, CodeFingerprint]] = []

    def add(self, text: Text) -> None:
        """Add a text."""
        self._prints.append((text, without(fingerprint(text), self._ignored)))

    def pairs(self, share: float, common: float) -> list[SimilarPair]:
        """Find all pairs with a submission where at least `share` of one text is in the other, most similar first.

        Between submissions, passages that more than the share `common` of them have do not count. Against the course's
        own texts they do, since a whole class may copy from the course.
        """
        students = [pair for pair in self._prints if pair[0].kind == SUBMISSION]
        courses = [pair for pair in self._prints if pair[0].kind != SUBMISSION]
        frequent = common_hashes([one for _, one in students], common)
        rare = [(text, without(one, frequent)) for text, one in students]
        found = [*_alike(rare, share), *_from(students, courses, share)]
        return sorted(found, key=lambda pair: (-pair.share, pair.one.name, pair.other.name))


def _alike(prints: Sequence[tuple[Text, CodeFingerprint]], share: float) -> Iterator[SimilarPair]:
    long_enough = [pair for pair in prints if len(pair[1].hashes) >= MIN_FINGERPRINTS]
    for i, j in candidates([one.hashes for _, one in long_enough], CANDIDATE_MARGIN * share):
        pair = _compared(long_enough[i], long_enough[j])
        if pair.share >= share:
            yield pair


def _from(
    students: Sequence[tuple[Text, CodeFingerprint]], courses: Sequence[tuple[Text, CodeFingerprint]], share: float
) -> Iterator[SimilarPair]:
    """Compare students with the course's texts; only the share of the student's own code counts."""
    for student in students:
        if len(student[1].hashes) >= MIN_FINGERPRINTS:
            for course in courses:
                pair = _compared(student, course)
                if pair.shares[0] >= share:
                    yield pair


def candidates(hashes: Sequence[set[int]], share: float) -> Iterator[tuple[int, int]]:
    """Yield the pairs of sets where at least a share of the smaller is in the other.

    One product of sparse matrices counts the common elements of all pairs, which is much faster than a loop over pairs.
    """
    if not hashes:
        return
    numbers: dict[int, int] = {}
    columns = [numbers.setdefault(value, len(numbers)) for values in hashes for value in values]
    sizes = np.array([len(values) for values in hashes])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    has = csr_matrix((np.ones(len(columns), np.int32), columns, starts), shape=(len(hashes), len(numbers)))
    shared = triu(has @ has.T, k=1).tocoo()
    enough = shared.data >= share * np.minimum(sizes[shared.row], sizes[shared.col])
    yield from zip(shared.row[enough].tolist(), shared.col[enough].tolist(), strict=True)


def _compared(one: tuple[Text, CodeFingerprint], other: tuple[Text, CodeFingerprint]) -> SimilarPair:
    _, shares, slices = compare_files(one[1], other[1])
    passages = tuple(_passages(where, text.code) for where, (text, _) in zip(slices, (one, other), strict=True))
    return SimilarPair(one[0], other[0], (float(shares[0]), float(shares[1])), passages)  # type: ignore[arg-type]


def _passages(slices: Any, code: str) -> list[tuple[int, int]]:
    """Return where the passages begin and end, in order and without overlaps."""
    if len(slices) == 0:
        return []
    found, last = [], 0
    for start, end in sorted(zip(*np.clip(slices, 0, len(code)).astype(int).tolist(), strict=True)):
        start = max(start, last)
        if end > start:
            found.append((start, end))
            last = end
    return found
