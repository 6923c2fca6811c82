"""Checks of a course: exercises, configuration, gradebook, students and submissions."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
from alembic.script import ScriptDirectory
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from bngrader.authoring.notebooks import gradable, read_solution, released
from bngrader.course.folders import Course, CourseError, assignments
from bngrader.course.hidden_seed import FILE, MIN_SEED_BITS, SEED_BITS, read_seed
from bngrader.course.names import id_fault, readable, rename_advice, shell_quoted
from bngrader.doctor.check_result import NOTE, RIGHT, WRONG, CheckResult
from bngrader.engine.settings import Engine
from bngrader.gradebook.database import database_file, driver_message
from bngrader.gradebook.late_policy import LatePolicy, read_extensions
from bngrader.lms.import_log import read_receipts
from bngrader.lms.roster import NAME, Roster, find_roster

UPGRADE = "nbgrader db upgrade"


def course(the_course: Course, roster: Path | None) -> Iterator[CheckResult]:
    """Run all checks of a course; a part that cannot be read becomes one result, and the other checks go on."""
    yield exercises(the_course.repository)
    try:
        config = the_course.nbgrader_config()
    except CourseError as error:
        yield CheckResult("configuration", WRONG, str(error), "Correct the file.")
        return
    yield settings(config, the_course.folder)
    yield gradebook(the_course)
    there = {place.name for place in (the_course.folder / "submitted").glob("*/")}
    known = set[str]()
    try:
        found = find_roster(the_course.folder, roster)
        known = set(found.students) if found else known
        yield from students(the_course, found, there)
    except CourseError as error:
        yield CheckResult("roster", WRONG, str(error), "Correct the file.")
    yield late_work(config, the_course, there | known)
    yield from times(the_course)


def exercises(repository: Path) -> CheckResult:
    """Check that the students' notebooks match the solutions."""
    stale = [slug for slug in assignments(repository) if _is_stale(repository, slug)]
    if stale:
        fix = f"bngrader exercises {' '.join(stale)}"
        return CheckResult("exercises", WRONG, f"do not match solutions/: {', '.join(stale)}", fix)
    return CheckResult("exercises", RIGHT, f"{len(assignments(repository))} notebooks match solutions/")


def _is_stale(repository: Path, slug: str) -> bool:
    try:
        made = nbformat.read(repository / "exercises" / slug / f"{slug}.ipynb", as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return True
    wanted = released(gradable(read_solution(repository / "solutions" / f"{slug}.py")))
    return [(cell.id, cell.source) for cell in made.cells] != [(cell.id, cell.source) for cell in wanted.cells]


def settings(config: Config, folder: Path) -> CheckResult:
    """Check that the configuration isolates students' code and keeps the inputs of the hidden tests secret."""
    engine = Engine(config=config)
    if engine.unsafe_no_sandbox:
        fix = "Remove c.Engine.unsafe_no_sandbox from nbgrader_config.py."
        return CheckResult("configuration", WRONG, "students' code runs without a sandbox", fix)
    bits = SEED_BITS if engine.hidden_seed is None else abs(engine.hidden_seed).bit_length()
    if bits < MIN_SEED_BITS:
        message = f"c.Engine.hidden_seed has {bits} bits, so few that somebody could try them all"
        fix = "Remove it: the next round makes a seed of 128 random bits, and grades every submission again."
        return CheckResult("configuration", NOTE, message, fix)
    path = folder / FILE
    if engine.hidden_seed is None and path.exists():
        try:
            read_seed(path)
        except (CourseError, OSError) as error:
            return CheckResult("configuration", WRONG, str(error), f"Restore {path} from a backup.")
        if path.stat().st_mode & 0o077:
            message = f"others can read {path}, the secret seed of the hidden tests"
            return CheckResult("configuration", WRONG, message, f"chmod 600 {shell_quoted(path)}")
    return CheckResult("configuration", RIGHT, "the sandbox is on, and the hidden tests have a secret seed")


def gradebook(the_course: Course) -> CheckResult:
    """Check that the gradebook can be opened, is undamaged, and has the tables of the installed nbgrader."""
    try:
        file = database_file(the_course)
    except CourseError as error:
        return CheckResult("gradebook", WRONG, str(error), "Correct --db, or c.CourseDirectory.db_url.")
    if file and not file.is_file():
        return CheckResult("gradebook", NOTE, f"{file} does not exist yet: `bngrader grade` creates it")
    address = the_course.gradebook_url()
    try:
        with create_engine(address).connect() as connection:
            return _gradebook(connection)
    except (SQLAlchemyError, ImportError) as error:
        message = f"{address} cannot be used: {driver_message(error)}"
        return CheckResult("gradebook", WRONG, message, "Check the address, or restore a backup.")


def _gradebook(connection: Connection) -> CheckResult:
    if connection.dialect.name == "sqlite":
        (found,) = connection.execute(text("PRAGMA quick_check")).one()
        if found != "ok":
            return CheckResult("gradebook", WRONG, f"the file is damaged: {found}", "Restore a backup of it.")
    if not inspect(connection).has_table("alembic_version"):
        fix = f"In the course's folder: {UPGRADE}"
        return CheckResult("gradebook", WRONG, "it has no nbgrader tables, or the tables of a very old version", fix)
    schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    newest = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    if schema != newest:
        fix = f"In the course's folder: {UPGRADE}, which keeps a copy of the old gradebook"
        message = f"its tables belong to another version of nbgrader ({schema}, not {newest})"
        return CheckResult("gradebook", WRONG, message, fix)
    # A submission that nbgrader's autograde could not grade has rows without a score; it does not wait for a person.
    graded = "SELECT notebook_id FROM grade WHERE auto_score IS NOT NULL OR manual_score IS NOT NULL"
    wait = f"SELECT count(*) FROM grade WHERE needs_manual_grade AND notebook_id IN ({graded})"
    waiting = connection.execute(text(wait)).scalar()
    return CheckResult("gradebook", RIGHT, f"can be used; {waiting} answers wait for a person")


def late_work(config: Config, the_course: Course, students: set[str]) -> CheckResult:
    """Check that the rule for late work works, and that its extensions name existing students and assignments."""
    try:
        step = AssignLatePenalties(config=config)
        policy = step.plugin_class(parent=step)
        if not isinstance(policy, LatePolicy):
            message = f"{type(policy).__name__} applies: bngrader.gradebook.late_policy.LatePolicy is not set"
            return CheckResult("late work", NOTE, message)
        given = read_extensions(policy.path())
    except Exception as error:  # the class's own configuration may raise anything
        return CheckResult("late work", WRONG, f"the rule does not work: {error}", "Correct nbgrader_config.py.")
    slugs = {slug for days in given.values() for slug in days if slug} - set(assignments(the_course.repository))
    people = {*given, *policy.extensions} - students
    for kind, unknown in {"assignments": slugs, "students": people}.items():
        if unknown:
            message = f"extensions for {kind} that do not exist: {', '.join(sorted(map(str, unknown)))}"
            return CheckResult("late work", WRONG, message, f"Correct {policy.path()}, or c.LatePolicy.extensions.")
    count = len({*given, *policy.extensions})
    return CheckResult("late work", RIGHT, f"LatePolicy applies; {count} students have extensions")


def times(the_course: Course) -> Iterator[CheckResult]:
    """Note each time of submission that a student may have handed in: it counts, since collected ones look the same."""
    strange = []
    for path in sorted((the_course.folder / "submitted").glob("*/*/timestamp.txt")):
        student, assignment = path.parent.parent.name, path.parent.name
        imported = read_receipts(the_course.folder, assignment).get(student)
        if not path.with_name("submission_secret.txt").exists() and not (imported and imported.timestamp):
            strange.append(readable(f"{student}/{assignment}"))
    if strange:
        named = ", ".join(strange[:10]) + (", ..." if len(strange) > 10 else "")
        message = f"{len(strange)} timestamp.txt are neither from nbgrader's collect nor from an import: {named}"
        fix = "Delete every one that a student handed in, because it counts as the time of submission."
        yield CheckResult("times", NOTE, message, fix)


def students(the_course: Course, roster: Roster | None, there: set[str]) -> Iterator[CheckResult]:
    """Check that the roster names everybody who handed something in."""
    bad = {student: fault for student in sorted(there) if (fault := id_fault(student))}
    if bad:
        faults = ", ".join(f"{readable(student)} {fault}" for student, fault in bad.items())
        ways_out = "; ".join(rename_advice(the_course.folder / "submitted" / student) for student in bad)
        message = f"folders that every command skips because of their names: {faults}"
        yield CheckResult("submitted", WRONG, message, ways_out)
    if roster is None:
        fix = f"Write {the_course.folder / NAME} with the columns student_id, name and email."
        yield CheckResult("roster", NOTE, f"there is no {NAME}: `bngrader import` needs one", fix)
        return
    strangers = sorted(there - set(roster.students) - set(bad))
    if strangers:
        message = f"lacks these students, who handed something in: {', '.join(strangers)}"
        fix = f"Add them to {roster.path}, or rename their folders in submitted/."
        yield CheckResult("roster", WRONG, message, fix)
    else:
        yield CheckResult("roster", RIGHT, f"{len(roster.students)} students, {len(there)} of whom handed something in")
