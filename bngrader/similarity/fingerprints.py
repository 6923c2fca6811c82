"""Fingerprints of code by copydetect, and those that say nothing: of what was handed out, and of what many wrote."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy

from copydetect import CodeFingerprint
from copydetect.utils import get_token_coverage, hashed_kgrams

from bngrader.similarity.texts import Text

SHORTEST, SURE = 25, 30  # characters, without names: what can be found of a copy, and what is found for sure
FEWEST_COMMON = 5  # submissions that have to share a passage before it may count as common


def fingerprint(text: Text) -> CodeFingerprint:
    """The fingerprint of a text."""
    code = io.StringIO(text.code)
    return CodeFingerprint(text.name, SHORTEST, SURE - SHORTEST + 1, filter=True, language="python", fp=code)


def all_hashes(code: str) -> set[int]:
    """The hashes of all passages of a code: none of them is missed where the choice of fingerprints differs."""
    filtered = fingerprint(Text("handed out", "", code)).filtered_code
    return set(hashed_kgrams(filtered, SHORTEST).tolist())


def common_hashes(prints: Sequence[CodeFingerprint], share: float) -> set[int]:
    """The hashes that more than a share of all submissions have, and at least five."""
    counts = Counter(value for one in prints for value in one.hashes)
    most = max(share * len(prints), FEWEST_COMMON - 1)
    return {int(value) for value, count in counts.items() if count > most}


def without(one: CodeFingerprint, ignored: Iterable[int]) -> CodeFingerprint:
    """A fingerprint less some hashes.

    copydetect's own `boilerplate` takes also out what a text holds twice, for it counts on hashes that stand once.
    """
    rest = copy(one)
    rest.hashes = one.hashes.difference(ignored)
    rest.hash_idx = {value: places for value, places in one.hash_idx.items() if value in rest.hashes}
    rest.token_coverage = get_token_coverage(rest.hash_idx, one.k, len(one.filtered_code))
    return rest
