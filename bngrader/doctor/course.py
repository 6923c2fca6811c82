"""Checks of a course: its exercises, its configuration, its gradebook, its students and what they handed in."""

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
from bngrader.course.names import fault_of_id, readable, way_out
from bngrader.doctor.finding import NOTE, RIGHT, WRONG, Finding
from bngrader.engine.settings import Engine
from bngrader.gradebook.database import database_file, said_by
from bngrader.gradebook.late_policy import LatePolicy, read_extensions
from bngrader.lms.roster import NAME, Roster, find_roster

UPGRADE = "nbgrader db upgrade"


def course(the_course: Course, roster: Path | None) -> Iterator[Finding]:
    """What there is to say of a course; a part that cannot be looked at is one finding, and the others go on."""
    yield exercises(the_course.repository)
    try:
        config = the_course.nbgrader_config()
    except CourseError as error:
        yield Finding("configuration", WRONG, str(error), "Mend the file.")
        return
    yield from settings(config)
    yield gradebook(the_course)
    there = {place.name for place in (the_course.folder / "submitted").glob("*/")}
    known = set[str]()
    try:
        found = find_roster(the_course.folder, roster)
        known = set(found.students) if found else known
        yield from students(the_course, found, there)
    except CourseError as error:
        yield Finding("roster", WRONG, str(error), "Correct the file.")
    yield late_work(config, the_course, there | known)


def exercises(repository: Path) -> Finding:
    """Whether the students' notebooks are what the solutions give."""
    stale = [slug for slug in assignments(repository) if _is_stale(repository, slug)]
    if stale:
        mend = f"bngrader exercises {' '.join(stale)}"
        return Finding("exercises", WRONG, f"not what solutions/ gives: {', '.join(stale)}", mend)
    return Finding("exercises", RIGHT, f"{len(assignments(repository))} notebooks as solutions/ gives them")


def _is_stale(repository: Path, slug: str) -> bool:
    try:
        made = nbformat.read(repository / "exercises" / slug / f"{slug}.ipynb", as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return True
    wanted = released(gradable(read_solution(repository / "solutions" / f"{slug}.py")))
    return [(cell.id, cell.source) for cell in made.cells] != [(cell.id, cell.source) for cell in wanted.cells]


def settings(config: Config) -> Iterator[Finding]:
    """Whether the configuration keeps students' code in, and the hidden tests secret."""
    engine = Engine(config=config)
    if engine.unsafe_no_sandbox:
        mend = "Take c.Engine.unsafe_no_sandbox out of nbgrader_config.py."
        yield Finding("configuration", WRONG, "students' code runs without a sandbox", mend)
    elif engine.hidden_seed is None:
        said = "the hidden tests use the inputs of the public repository"
        yield Finding("configuration", NOTE, said, "Set c.Engine.hidden_seed in the course's nbgrader_config.py.")
    else:
        yield Finding("configuration", RIGHT, "sandbox on, hidden tests with a seed of their own")


def gradebook(the_course: Course) -> Finding:
    """Whether the gradebook answers, is whole, and has the tables of the nbgrader that is installed."""
    try:
        file = database_file(the_course)
    except CourseError as error:
        return Finding("gradebook", WRONG, str(error), "Correct --db, or c.CourseDirectory.db_url.")
    if file and not file.is_file():
        return Finding("gradebook", NOTE, f"{file} is not there yet: bngrader grade makes it")
    address = the_course.gradebook_url()
    try:
        with create_engine(address).connect() as connection:
            return _gradebook(connection)
    except (SQLAlchemyError, ImportError) as error:
        said = f"{address} cannot be used: {said_by(error)}"
        return Finding("gradebook", WRONG, said, "Check the address, or restore a copy.")


def _gradebook(connection: Connection) -> Finding:
    if connection.dialect.name == "sqlite":
        (found,) = connection.execute(text("PRAGMA quick_check")).one()
        if found != "ok":
            return Finding("gradebook", WRONG, f"the file is damaged: {found}", "Restore a copy of it.")
    if not inspect(connection).has_table("alembic_version"):
        mend = f"In the course's folder: {UPGRADE}"
        return Finding("gradebook", WRONG, "it has no tables of nbgrader, or those of a very old one", mend)
    schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    newest = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    if schema != newest:
        mend = f"In the course's folder: {UPGRADE}, which keeps a copy of the old one"
        return Finding("gradebook", WRONG, f"its tables are of another nbgrader ({schema}, not {newest})", mend)
    # Of a submission that nbgrader's autograde could not grade, there are rows without a score.
    graded = "SELECT notebook_id FROM grade WHERE auto_score IS NOT NULL OR manual_score IS NOT NULL"
    wait = f"SELECT count(*) FROM grade WHERE needs_manual_grade AND notebook_id IN ({graded})"
    waiting = connection.execute(text(wait)).scalar()
    return Finding("gradebook", RIGHT, f"answers, with tables as nbgrader's; {waiting} answers wait for a person")


def late_work(config: Config, the_course: Course, students: set[str]) -> Finding:
    """Whether the rule for late work can be read, and its extensions are for whom and what there is."""
    try:
        step = AssignLatePenalties(config=config)
        policy = step.plugin_class(parent=step)
        if not isinstance(policy, LatePolicy):
            return Finding(
                "late work", NOTE, f"by {type(policy).__name__}: bngrader.gradebook.late_policy.LatePolicy is not set"
            )
        given = read_extensions(policy.path())
    except Exception as error:  # whatever a configuration of the class's own raises
        return Finding("late work", WRONG, f"the rule does not work: {error}", "Mend nbgrader_config.py.")
    slugs = {slug for days in given.values() for slug in days if slug} - set(assignments(the_course.repository))
    people = {*given, *policy.extensions} - students
    for kind, unknown in {"assignments": slugs, "students": people}.items():
        if unknown:
            said = f"there are extensions for {kind} that do not exist: {', '.join(sorted(map(str, unknown)))}"
            return Finding("late work", WRONG, said, f"Correct {policy.path()}, or c.LatePolicy.extensions.")
    return Finding("late work", RIGHT, f"by LatePolicy, {len({*given, *policy.extensions})} students with extensions")


def students(the_course: Course, roster: Roster | None, there: set[str]) -> Iterator[Finding]:
    """Whether the roster knows those who handed something in."""
    bad = {student: fault for student in sorted(there) if (fault := fault_of_id(student))}
    if bad:
        said = ", ".join(f"{readable(student)} {fault}" for student, fault in bad.items())
        ways_out = "; ".join(way_out(the_course.folder / "submitted" / student) for student in bad)
        yield Finding("submitted", WRONG, f"folders that no command looks into, for their names: {said}", ways_out)
    if roster is None:
        said = f"there is no {NAME}: bngrader import needs one"
        yield Finding("roster", NOTE, said, f"Write {the_course.folder / NAME}: student_id, name, email.")
        return
    strangers = sorted(there - set(roster.students) - set(bad))
    if strangers:
        said = f"handed in, but not in it: {', '.join(strangers)}"
        yield Finding("roster", WRONG, said, f"Add them to {roster.path}, or rename their folders in submitted/.")
    else:
        yield Finding("roster", RIGHT, f"{len(roster.students)} students, {len(there)} of whom handed something in")
