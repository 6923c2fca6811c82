"""Fuzz a target: `python -m tests.fuzzing.fuzz TARGET SECONDS [FOLDER]`. The folder keeps what was found.

An input for which a property does not hold, or that takes too long, is printed and kept in the folder.
"""

import sys
import tempfile
from pathlib import Path

import atheris

INSTRUMENTED = ["bngrader.engine.protocol", "bngrader.submissions"]
INPUT_SECONDS = 20  # that one input may take, on a busy machine too
MEMORY_MB = 3000
MAX_INPUT_BYTES = {"channel": 4096, "value": 2048, "array": 120, "notebook": 30_000}
# Pieces that the mutations put together, which chance would take long to find.
WORDS = {
    "notebook": [
        '"cells"',
        '"worksheets"',
        '"cell_type"',
        '"source"',
        '"metadata"',
        '"attachments"',
        '"nbgrader"',
        '"id"',
    ],
    "value": [r"\x97\xa1n\xa3<f8", r"\xa1T\xa7float64", r"\xa1d", r"\xa1s", r"\xa1o", r"\xa5range", r"\xd3\x80\x00"],
}


def main(target, seconds, folder):
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzzing import targets
    corpus = folder / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = folder / f"{target}.dict"
    quoted = [word.replace('"', r"\"") for word in WORDS.get(target, ["0"])]  # the file must not be empty
    words.write_text("\n".join(f'"{word}"' for word in quoted))
    options = {
        "max_total_time": seconds,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": MEMORY_MB,
        "max_len": MAX_INPUT_BYTES[target],
        "artifact_prefix": f"{folder}/{target}-failed-",
        "dict": words,
        "print_final_stats": 1,
    }
    targets.watch_arrays()
    atheris.Setup(
        [sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())], targets.TARGETS[target]
    )
    atheris.Fuzz()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(sys.argv[1], int(sys.argv[2]), Path(*sys.argv[3:4] or [temporary]))
