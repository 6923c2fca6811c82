"""Tests of the class's secret seed, and of the seeds made from it."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from bngrader.course.folders import CourseError
from bngrader.course.hidden_seed import FILE, class_seed, submission_seed


def test_a_class_gets_128_bits_that_only_its_owner_reads(tmp_path):
    umask = os.umask(0)
    try:
        seed = class_seed(tmp_path, None)
    finally:
        os.umask(umask)
    assert len(seed) == 32
    assert int(seed, 16).bit_length() > 64  # fails once in 2 ** 64 classes
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert class_seed(tmp_path, None) == seed
    assert class_seed(tmp_path / "another class", None) != seed
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [FILE]


def test_graders_who_start_at_once_agree_on_a_seed(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        seeds = set(pool.map(lambda _: class_seed(tmp_path, None), range(40)))
    assert len(seeds) == 1


def test_a_configured_seed_wins_and_writes_no_file(tmp_path):
    assert class_seed(tmp_path, 271828) == "271828"
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["", "271828\n", "0" * 31 + "\n", "0" * 32 + "\n0\n", "\x1b" * 32])
def test_a_damaged_file_is_refused_and_not_replaced(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CourseError, match="restore it from a backup"):
        class_seed(tmp_path, None)
    assert (tmp_path / FILE).read_text() == text


def test_a_seed_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="the seed of the hidden tests, cannot be used"):
        class_seed(tmp_path / "file", None)


def test_each_submission_has_a_seed_of_its_own():
    names = [("scaling", "ada"), ("scaling", "bob"), ("cnn", "ada"), ("scalin", "gada"), ("scaling", "a\udcffda")]
    seeds = [submission_seed(secret, *name) for secret in ("1", "2", "-1") for name in names]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**128 for seed in seeds)
    assert submission_seed("1", "scaling", "ada") == seeds[0]
