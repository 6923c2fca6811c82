"""Tests that a file belongs to the student who uploaded it, with the platform's time, whatever its name is."""

import pytest

from tests.bngrader.lms import test_import_submissions
from tests.bngrader.lms.test_import_submissions import BOB, ROSTER, failed_import, make_folder, make_zip, run, submitted

course = test_import_submissions.course


def test_an_uploaded_timestamp_never_counts(course):
    early, same = "2026-02-01 10:00:00 UTC", "2026-03-01 13:30:00 +0100"
    files = {
        "Ada Lovelace_1_assignsubmission_file_/scaling.ipynb": "ada's",
        "Ada Lovelace_1_assignsubmission_file_/timestamp.txt": early,
        "Bob Ng_2_assignsubmission_file_/scaling.ipynb": "bob's",
        "Bob Ng_2_assignsubmission_file_/timestamp.txt": early,
        "Zoe_77_assignsubmission_file_/scaling.ipynb": "zoe's",
        "Zoe_77_assignsubmission_file_/timestamp.txt": same,
    }
    times = course.parent / "times.csv"
    times.write_text('student_id,timestamp\n"bob, jr.",2026-02-02 08:00 UTC\n')
    code, output, found = run(course, make_zip(course.parent / "m.zip", files), "--times", times)
    assert code == 0
    assert submitted(course)["ada/scaling/timestamp.txt"] == "2026-03-01 12:30:00 UTC"
    assert submitted(course)["bob, jr./scaling/timestamp.txt"] == "2026-02-02 08:00:00 UTC"
    other = f"The student uploaded a timestamp.txt that says {early}, which does not count"
    assert f"ada: {other}: 2026-03-01 12:30:00 UTC counts" in output
    assert f"bob, jr.: {other}: 2026-02-02 08:00:00 UTC counts" in output
    assert found["zoe"]["message"] == ""


def test_an_uploaded_timestamp_keeps_canvass_late_mark(course):
    files = {
        "ngbob_LATE_502_14_scaling.ipynb": "bob's",
        "ngbob_LATE_502_15_timestamp.txt": "2026-02-01 10:00:00 UTC",
    }
    source = make_zip(course.parent / "c.zip", files)
    code, output, found = run(course, source)
    assert (code, found["bob, jr."]["late"], found["bob, jr."]["timestamp"]) == (0, True, None)
    assert submitted(course) == {"bob, jr./scaling/scaling.ipynb": "bob's"}
    assert "says 2026-02-01 10:00:00 UTC, which does not count: the archive has no time" in output
    assert "Late, according to Canvas, which gives no times (set them with --times): bob, jr." in output
    assert run(course, source)[2]["bob, jr."]["status"] == "unchanged"
    # The same from a folder with the contents of the zip.
    run(course, make_folder(course.parent / "c", files), "--replace")
    assert submitted(course) == {"bob, jr./scaling/scaling.ipynb": "bob's"}


def test_a_file_named_like_anothers_stays_with_its_owner(course):
    moodle = {
        "Ada Lovelace_1_assignsubmission_file_ngbob_502_14_scaling.ipynb": "ada's",
        "Ludwig van Beethoven_2_assignsubmission_file_/Zoe_77_assignsubmission_file_/scaling.ipynb": "ludwig's",
    }
    canvas = {
        "ngbob_502_14_Zoe_77_assignsubmission_file_scaling.ipynb": "bob's",
        "x_503_16_scaling.ipynb": "a stranger's",
    }
    assert run(course, make_zip(course.parent / "m.zip", moodle))[0] == 0
    assert run(course, make_zip(course.parent / "c.zip", canvas))[2]["bob, jr."]["status"] == "imported"
    notebooks = {name: text for name, text in submitted(course).items() if name.endswith(".ipynb")}
    assert notebooks == {
        f"{student}/scaling/scaling.ipynb": f"{student.partition(',')[0]}'s"
        for student in ("ada", "bob, jr.", "ludwig")
    }


@pytest.mark.parametrize(
    "name",
    [
        "Bob Ng_2_assignsubmission_file__7_assignsubmission_file_/scaling.ipynb",  # in Moodle's form with folders
        "Bob Ng_2_assignsubmission_file__7_assignsubmission_file_scaling.ipynb",  # in Moodle's form without folders
        "ngbob_502_14__7_assignsubmission_file_scaling.ipynb",  # in the form of Canvas
        "Bob Ng_9_assignsubmission_file_/scaling.ipynb",  # the name of a student with another number
    ],
)
def test_nobody_puts_a_file_among_anothers(course, name):
    (course / "roster.csv").write_text(ROSTER.replace("bob@example.org,,", "bob@example.org,2,"))
    bobs = {"Bob Ng_2_assignsubmission_file_scaling.ipynb": "bob's"}
    code, _, found = run(course, make_zip(course.parent / "s.zip", bobs | {name: "mal's"}))
    assert code == 1
    assert found[name]["status"] in ("stranger", "ambiguous_name")
    assert found["bob, jr."]["status"] == "imported"
    assert {text for path, text in submitted(course).items() if path.endswith(".ipynb")} == {"bob's"}


def test_a_student_may_be_named_like_a_moodle_folder(course):
    name = "Bob Ng_2_assignsubmission_file_"
    (course / "roster.csv").write_text(f"{ROSTER}mal,{name},,,\n")
    files = {f"{name}_7_assignsubmission_file_/scaling.ipynb": "mal's"} | BOB
    assert run(course, make_zip(course.parent / "s.zip", files))[0] == 0
    assert submitted(course)["mal/scaling/scaling.ipynb"] == "mal's"
    assert submitted(course)["bob, jr./scaling/scaling.ipynb"] == "bob's"


def test_a_name_in_a_zip_that_is_not_utf8_names_the_fix(course):
    source = make_zip(course.parent / "u.zip", BOB | {"Zoë_77_assignsubmission_file_/scaling.ipynb": "zoe's"})
    source.write_bytes(source.read_bytes().replace("ë".encode(), b"\xff\xff"))
    assert "whose name is not UTF-8: unpack it with unzip, and import the" in failed_import(course, source)


def test_a_name_that_differs_within_a_zip_stops_nobody(course):
    source = make_zip(course.parent / "u.zip", BOB | {"Zoë_77_assignsubmission_file_/scaling.ipynb": "zoe's"})
    source.write_bytes(source.read_bytes().replace("ë".encode(), b"\xff\xff", 1))
    code, output, _ = run(course, source)
    assert code == 1
    assert "zoe: is damaged" in output
    assert submitted(course)["bob, jr./scaling/scaling.ipynb"] == "bob's"


def test_a_stray_file_changes_no_owner(course):
    files = {"Ada Lovelace_1_assignsubmission_file_hw_3_2026_scaling.ipynb": "ada's", "read me.txt": "stray"}
    code, _, found = run(course, make_zip(course.parent / "m.zip", files))
    assert (code, found["ada"]["status"], found["read me.txt"]["status"]) == (1, "imported", "unknown_name")
