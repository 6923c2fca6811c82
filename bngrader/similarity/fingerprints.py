"""Fingerprints of code by copydetect, and those to ignore: of handed-out code, and of code that many students wrote."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy

from copydetect import CodeFingerprint
from copydetect.utils import get_token_coverage, hashed_kgrams

from bngrader.similarity.texts import Text

MIN_COPY_CHARACTERS, SURE_COPY_CHARACTERS = 25, 30  # without names: a copy that can be found, and one that always is
MIN_COMMON_SUBMISSIONS = 5  # a passage in fewer submissions is never common


def fingerprint(text: Text) -> CodeFingerprint:
    """Return the fingerprint of a text."""
    code = io.StringIO(text.code)
    return CodeFingerprint(
        text.name,
        MIN_COPY_CHARACTERS,
        SURE_COPY_CHARACTERS - MIN_COPY_CHARACTERS + 1,
        filter=True,
        language="python",
        fp=code,
    )


def all_hashes(code: str) -> set[int]:
    """Return the hashes of all passages of a code; a fingerprint keeps only some of them, chosen by their context."""
    filtered = fingerprint(Text("handed out", "", code)).filtered_code
    return set(hashed_kgrams(filtered, MIN_COPY_CHARACTERS).tolist())


def common_hashes(prints: Sequence[CodeFingerprint], share: float) -> set[int]:
    """Return the hashes that more than a share of all submissions have, and at least five submissions."""
    counts = Counter(value for one in prints for value in one.hashes)
    most = max(share * len(prints), MIN_COMMON_SUBMISSIONS - 1)
    return {int(value) for value, count in counts.items() if count > most}


def without(one: CodeFingerprint, ignored: Iterable[int]) -> CodeFingerprint:
    """Return a fingerprint without some hashes.

    copydetect's own `boilerplate` is not used because it also removes passages that a text contains twice.
    """
    rest = copy(one)
    rest.hashes = one.hashes.difference(ignored)
    rest.hash_idx = {value: places for value, places in one.hash_idx.items() if value in rest.hashes}
    rest.token_coverage = get_token_coverage(rest.hash_idx, one.k, len(one.filtered_code))
    return rest
