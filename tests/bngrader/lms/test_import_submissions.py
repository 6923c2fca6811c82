"""Tests that downloads from Moodle and Canvas are imported under the right names, or refused with a reason."""

import csv
import json
import os
import stat
import struct
import zipfile
from datetime import datetime

import pytest

from tests.conftest import REPOSITORY
from tests.grading.commands import invoke

ROSTER = """student_id,name,email,moodle_id,canvas_id
ada,Ada Lovelace,ada@example.org,,501
"bob, jr.",Bob Ng,bob@example.org,,502
zoe,Zoë O'Neil,zoe@example.org,77,
ludwig,Ludwig van Beethoven,l@example.org,,
kim1,Kim Lee,k1@example.org,,
kim2,Kim Lee,k2@example.org,,
"""
MARCH = (2026, 3, 1, 13, 30, 0)


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "roster.csv").write_text(ROSTER)
    return folder


def make_zip(path, files, time=MARCH):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, time), data, zipfile.ZIP_DEFLATED)
    return path


def make_folder(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(data)
    return path


def run(course, source, *options):
    """Import a download, and return the exit code, the output, and the record of each student or unknown file."""
    found = course.parent / "found.json"
    found.unlink(missing_ok=True)
    arguments = ["import", "scaling", source, "--course", course, "--zone", "Europe/Berlin", "--json", found, *options]
    ran = invoke(*arguments)
    records = {record["student"] or record["files"][0]: record for record in json.loads(found.read_text())}
    return ran.returncode, ran.stdout + ran.stderr, records


def submitted(course):
    return {str(p.relative_to(course / "submitted")): p.read_text() for p in course.glob("submitted/*/*/*")}


MOODLE = {
    "Ada Lovelace_9001_assignsubmission_file_/scaling.ipynb": "ada's",
    "Bob Ng_9002_assignsubmission_file_my answer.ipynb": "bob's",  # without a folder
    "Ludwig van Beethoven_9003_assignsubmission_file/sub/old name.IPYNB": "ludwig's",  # the form since Moodle 4.1
    "Ludwig van Beethoven_9003_assignsubmission_file/data.csv": "1,2",
    "Zoe_77_assignsubmission_file_/scaling.ipynb": "zoe's",  # found by the number in the roster
    "__MACOSX/Ada Lovelace_9001_assignsubmission_file_/._scaling.ipynb": "",
}


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_moodles_download_is_imported_by_name_and_number(course, form):
    place = course.parent / "download"
    source = make_folder(place, MOODLE) if form == "folder" else make_zip(place, MOODLE)
    code, output, found = run(course, source)
    assert code == 0, output
    notebooks = {name: text for name, text in submitted(course).items() if name.endswith(".ipynb")}
    assert notebooks == {
        "ada/scaling/scaling.ipynb": "ada's",
        "bob, jr./scaling/scaling.ipynb": "bob's",
        "ludwig/scaling/scaling.ipynb": "ludwig's",
        "zoe/scaling/scaling.ipynb": "zoe's",
    }
    assert {student for student, record in found.items() if record["status"] == "missing"} == {"kim1", "kim2"}
    assert "Not handed in: kim1, kim2" in output


def test_the_time_in_moodles_zip_is_kept_by_its_zone(course):
    run(course, make_zip(course.parent / "m.zip", MOODLE))
    assert submitted(course)["ada/scaling/timestamp.txt"] == "2026-03-01 12:30:00 UTC"


CANVAS = {
    "lovelaceada_501_11_scaling.ipynb": "ada's first",
    "lovelaceada_501_12_scaling-1.ipynb": "ada's second",
    "lovelaceada_501_13_scaling-10.ipynb": "ada's last",
    "ngbob_LATE_502_14_scaling.ipynb": "bob's",
    "beethovenludwigvan_503_15_answer-2.ipynb": "ludwig's",
}


def test_the_last_version_in_canvass_download_counts(course):
    code, output, found = run(course, make_zip(course.parent / "c.zip", CANVAS))
    assert code == 0, output
    assert submitted(course) == {  # no times: those in the zip are of the download
        "ada/scaling/scaling.ipynb": "ada's last",
        "bob, jr./scaling/scaling.ipynb": "bob's",
        "ludwig/scaling/scaling.ipynb": "ludwig's",
    }
    assert found["bob, jr."]["late"]
    assert "Late, according to Canvas, which gives no times (set them with --times): bob, jr." in output


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Mallory_9_assignsubmission_file_/scaling.ipynb", "the name 'Mallory' with the number 9 belongs to nobody"),
        ("Kim Lee_9_assignsubmission_file_/scaling.ipynb", "the number 9 belongs to kim1 and kim2 in the roster"),
        ("Ada Lovelace_77_assignsubmission_file_/scaling.ipynb", "the number 77 belongs to zoe, but the name"),
        ("lovelaceada_999_1_scaling.ipynb", "the name 'lovelaceada' with the number 999 belongs to nobody"),
        ("scaling.ipynb", "has a name that is neither Moodle's nor Canvas's for a submission"),
        ("anon_Xy12Z_77_scaling.ipynb", "has a name that is neither Moodle's nor Canvas's for a submission"),
    ],
)
def test_an_unknown_student_is_reported_and_not_guessed(course, name, message):
    files = {name: "whose?", "Bob Ng_5_assignsubmission_file_/scaling.ipynb": "bob's"}
    code, output, found = run(course, make_zip(course.parent / "s.zip", files))
    assert code == 1
    assert message in output
    assert found[name]["status"] in ("stranger", "unknown_name")
    assert "whose?" not in submitted(course).values()
    assert submitted(course)["bob, jr./scaling/scaling.ipynb"] == "bob's"


@pytest.mark.parametrize(
    "names",
    [
        ["Ada Lovelace_1_assignsubmission_file_/a.ipynb", "Ada Lovelace_1_assignsubmission_file_/b.ipynb"],
        ["Ada Lovelace_1_assignsubmission_file_/scaling.ipynb", "Ada Lovelace_2_assignsubmission_file_/scaling.ipynb"],
        ["lovelaceada_501_1_scaling.ipynb", "Ada Lovelace_2_assignsubmission_file_/scaling.ipynb"],
        ["lovelaceada_501_1_scaling.ipynb", "lovelaceada_501_2_scaling.ipynb"],
    ],
)
def test_ambiguous_files_are_reported_and_left_out(course, names):
    code, output, found = run(course, make_zip(course.parent / "d.zip", dict.fromkeys(names, "which?")))
    assert code == 1
    assert (found["ada"]["status"], found["ada"]["files"]) == ("duplicate", names)
    assert "ada: " in output
    assert submitted(course) == {}


def test_the_notebook_named_as_the_assignment_counts(course):
    files = {f"Ada Lovelace_1_assignsubmission_file_/{name}": name for name in ("scaling.ipynb", "notes.ipynb")}
    assert run(course, make_zip(course.parent / "o.zip", files))[0] == 0
    assert submitted(course)["ada/scaling/scaling.ipynb"] == "scaling.ipynb"


def test_an_upload_without_a_notebook_is_reported(course):
    files = {"Ada Lovelace_1_assignsubmission_file_/scaling.pdf": "%PDF"}
    code, output, _ = run(course, make_zip(course.parent / "n.zip", files))
    assert code == 1
    assert "ada: uploaded no notebook: ask for the .ipynb file" in output


def test_submissions_change_only_with_replace(course):
    source = make_zip(course.parent / "m.zip", MOODLE)
    assert run(course, source)[0] == 0
    before = submitted(course)
    code, _, found = run(course, source)
    assert code == 0
    assert found["ada"]["status"] == "unchanged"
    later = make_zip(course.parent / "l.zip", MOODLE | {next(iter(MOODLE)): "ada's new"}, (2026, 3, 9, 9, 0, 0))
    code, output, found = run(course, later)
    assert (code, found["ada"]["status"]) == (1, "kept")
    assert "ada: submitted/ada/scaling already holds another submission: add --replace to replace it" in output
    assert submitted(course) == before
    assert run(course, later, "--replace", "--dry-run")[2]["ada"]["status"] == "replaced"
    assert submitted(course) == before
    assert run(course, later, "--replace")[0] == 0
    changed = {"ada/scaling/scaling.ipynb": "ada's new", "ada/scaling/timestamp.txt": "2026-03-09 08:00:00 UTC"}
    assert submitted(course) == before | changed


def test_a_later_time_is_added_and_a_different_one_refused(course):
    source = make_zip(course.parent / "c.zip", CANVAS)
    run(course, source)
    times = course.parent / "times.csv"
    times.write_text("student_id,timestamp\nada,2026-03-01 12:00 UTC\n")
    assert run(course, source, "--times", times)[2]["ada"]["status"] == "timed"
    assert submitted(course)["ada/scaling/timestamp.txt"] == "2026-03-01 12:00:00 UTC"
    assert run(course, source)[2]["ada"]["status"] == "unchanged"
    times.write_text("student_id,timestamp\nada,2026-03-02 12:00 UTC\n")
    code, output, _ = run(course, source, "--times", times)
    assert code == 1
    assert "holds the same notebook, handed in at 2026-03-01 12:00:00 UTC: add --replace" in output
    assert run(course, source, "--times", times, "--replace")[0] == 0
    assert submitted(course)["ada/scaling/timestamp.txt"] == "2026-03-02 12:00:00 UTC"


def test_moodles_worksheet_maps_numbers_to_students(course):
    worksheet = course.parent / "worksheet.csv"
    worksheet.write_text(
        "\ufeffID,Vollst\u00e4ndiger Name,E-Mail-Adresse,Status,Bewertung\n"
        "Teilnehmer/in31,Kim Lee,K2@example.org,,\nTeilnehmer/in32,Kim Lee,k1@example.org,,\n"
    )
    files = {f"Kim Lee_{number}_assignsubmission_file_/scaling.ipynb": str(number) for number in (31, 32)}
    source = make_zip(course.parent / "m.zip", files)
    assert run(course, source)[0] == 1
    code, output, _ = run(course, source, "--worksheet", worksheet)
    assert code == 0, output
    found = submitted(course)
    assert (found["kim1/scaling/scaling.ipynb"], found["kim2/scaling/scaling.ipynb"]) == ("32", "31")
    worksheet.write_text("a,b\n1,2\n")
    assert "has no email address of a student in" in failed_import(course, source, "--worksheet", worksheet)


def test_backslashes_separate_folders_too(course):
    run(course, make_zip(course.parent / "w.zip", {ADAS.replace("/", "\\"): "ada's"}))
    assert submitted(course)["ada/scaling/scaling.ipynb"] == "ada's"


def test_names_are_printed_without_control_characters(course):
    output = run(course, make_zip(course.parent / "t.zip", {"\x1b]0;owned\x07.ipynb": ""}))[1]
    assert r"\x1b]0;owned\x07.ipynb: has a name that is neither" in output
    assert "\x1b]" not in output


def test_imports_are_recorded(course):
    run(course, make_zip(course.parent / "c.zip", CANVAS))
    run(course, make_zip(course.parent / "m.zip", {next(iter(MOODLE)): "ada's new"}), "--replace")
    rows = {row["student_id"]: row for row in csv.DictReader((course / "imported" / "scaling.csv").open())}
    assert set(rows) == {"ada", "bob, jr.", "ludwig"}
    assert (rows["ada"]["platform"], rows["ada"]["number"], rows["ada"]["name"]) == ("moodle", "9001", "Ada Lovelace")
    assert (rows["bob, jr."]["platform"], rows["bob, jr."]["number"], rows["bob, jr."]["late"]) == (
        "canvas",
        "502",
        "late",
    )


def refusal(course, source):
    """Assert that an import refuses Ada's file but takes Bob's, and return its output."""
    code, output, found = run(course, source)
    assert code == 1
    assert found["ada"]["status"] == "refused"
    assert "ada" not in {path.name for path in course.glob("submitted/*")}
    assert submitted(course)["bob, jr./scaling/scaling.ipynb"] == "bob's"
    return output


BOB = {"Bob Ng_5_assignsubmission_file_/scaling.ipynb": "bob's"}
ADAS = "Ada Lovelace_1_assignsubmission_file_/scaling.ipynb"


def test_a_zip_bomb_is_refused(course):
    source = make_zip(course.parent / "b.zip", BOB | {ADAS: b"0" * 40_000_000})
    assert "ada: would unpack to 40 MB, more than 100 times its packed size: it may be" in refusal(course, source)


def test_a_size_that_lies_does_no_harm(course):
    source = make_zip(course.parent / "b.zip", BOB | {ADAS: b"0" * 40_000_000})
    data, large = source.read_bytes(), struct.pack("<L", 40_000_000)
    assert large in data
    source.write_bytes(data.replace(large, struct.pack("<L", 900)))
    assert "ada: is damaged" in refusal(course, source)


def test_entries_that_share_their_bytes_are_refused(course):
    source = make_zip(course.parent / "b.zip", BOB | {ADAS: bytes(range(256)) * 40})
    entry = zipfile.ZipFile(source).getinfo(ADAS)
    data = source.read_bytes()
    place = data.rindex(b"PK\x01\x02")
    source.write_bytes(
        data[:place] + data[place:].replace(*(struct.pack("<L", n) for n in (entry.compress_size, 10**6)))
    )
    output = failed_import(course, source)
    assert "claims to hold more bytes than its own size, as zip bombs do, so nothing was read" in output
    assert submitted(course) == {}


@pytest.mark.parametrize("name", [f"../../{ADAS}", f"/tmp/{ADAS}", f"..\\{ADAS}", f"{ADAS[:-13]}../../scaling.ipynb"])
def test_a_path_that_leads_out_is_refused(course, name):
    before = set(course.parent.rglob("*"))
    source = make_zip(course.parent / "p.zip", BOB | {name: "out"})
    code, output, found = run(course, source)
    assert code == 1
    assert any(record["status"] in ("refused", "stranger") for record in found.values())
    new = {path for path in set(course.parent.rglob("*")) - before if path.is_file()}
    inside = {str(path.relative_to(course)) for path in new if path.is_relative_to(course)}
    assert inside == {f"submitted/bob, jr./scaling/{end}" for end in ("scaling.ipynb", "timestamp.txt")} | {
        "imported/scaling.csv"
    }
    assert len(output.splitlines()) < 10


def test_a_link_in_a_zip_is_not_followed(course):
    source = make_zip(course.parent / "l.zip", BOB)
    with zipfile.ZipFile(source, "a") as archive:
        link = zipfile.ZipInfo(ADAS, MARCH)
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "ada: is a link or something else that is not a regular file, so it was not read" in refusal(course, source)


def test_a_link_in_a_folder_is_not_followed(course):
    source = make_folder(course.parent / "f", BOB)
    (source / "Ada Lovelace_1_assignsubmission_file_").mkdir()
    (source / ADAS).symlink_to("/etc/passwd")
    assert "ada: is a link" in refusal(course, source)


def test_a_whole_folder_that_is_a_link_is_not_followed(course):
    elsewhere = make_folder(course.parent / "elsewhere", {"scaling.ipynb": "secret"})
    source = make_folder(course.parent / "f", BOB)
    (source / "Ada Lovelace_1_assignsubmission_file_").symlink_to(elsewhere)
    run(course, source)
    assert "secret" not in submitted(course).values()


def test_an_encrypted_entry_is_refused(course):
    source = make_zip(course.parent / "e.zip", BOB | {ADAS: "x"})
    data = bytearray(source.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 8] |= 1
    source.write_bytes(bytes(data))
    assert "ada: is encrypted" in refusal(course, source)


def failed_import(course, source, *options):
    """Run an import that must fail, and return its error."""
    ran = invoke("import", "scaling", source, "--course", course, *options)
    assert ran.returncode == 2
    return ran.stderr


@pytest.mark.parametrize(
    ("roster", "message"),
    [
        ("name\nAda\n", "lacks the column student_id"),
        ("student_id\nada\n\nada\n", "student_id 'ada' appears in lines 2 and 4"),
        ("student_id,email\nada,x@y\nbob,x@y\n", "email 'x@y' appears in lines 2 and 3"),
        ("student_id,name\n../ada,Ada\n", "line 2: the student_id '../ada' cannot be the name of a folder"),
        ("student_id,name\n,Ada\n", "line 2: the student_id '' is empty"),
    ],
)
def test_a_roster_that_cannot_be_used_is_named_with_its_line(course, roster, message):
    (course / "roster.csv").write_text(roster)
    output = failed_import(course, make_zip(course.parent / "m.zip", MOODLE))
    assert str(course / "roster.csv") in output
    assert message in output
    assert submitted(course) == {}


def test_a_damaged_or_missing_archive_is_named(course):
    (course.parent / "x.zip").write_text("no zip")
    assert "x.zip cannot be read as a zip" in failed_import(course, course.parent / "x.zip")
    assert "nowhere does not exist" in failed_import(course, course.parent / "nowhere")
    (course / "roster.csv").unlink()
    assert "create it with the columns student_id, name" in failed_import(course, course.parent / "x.zip")


def test_a_folders_times_are_kept(course):
    source = make_folder(course.parent / "f", BOB)
    time = datetime.fromisoformat("2026-03-01T12:00:00+00:00").timestamp()
    os.utime(source / next(iter(BOB)), (time, time))
    run(course, source)
    assert submitted(course)["bob, jr./scaling/timestamp.txt"] == "2026-03-01 12:00:00 UTC"
