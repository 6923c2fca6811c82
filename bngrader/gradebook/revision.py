"""Changes to an assignment after submissions were graded, since nbgrader refuses to add or remove cells then.

Scores and comments by hand stay. A manual score of a changed cell asks for another look. The scores and comments of a
removed cell are set aside, and come back with the cell.
"""

import json
import tempfile
from typing import Any

from nbgrader.api import Comment, Grade, GradeCell, Notebook, SolutionCell, SourceCell, TaskCell
from sqlalchemy import select

from bngrader.authoring.notebooks import generate, write_sources
from bngrader.course.folders import Course
from bngrader.course.source_folder import source_folder
from bngrader.gradebook.database import OWN_TABLES, REMOVED

REVISED = "The assignment changed after submissions were graded"
ROWS: dict[Any, tuple[Any, ...]] = {  # a submission's rows for each kind of cell
    GradeCell: (Grade,),
    SolutionCell: (Comment,),
    TaskCell: (Grade, Comment),
    SourceCell: (),
}
BY_HAND: dict[Any, tuple[str, ...]] = {Grade: ("manual_score", "extra_credit"), Comment: ("manual_comment",)}


def record_assignment(course: Course, slug: str) -> list[str]:
    """Write the assignment's cells and points into the class's gradebook.

    If there are submissions already, returns a phrase for each change.
    """
    write_sources(course.repository)
    with tempfile.TemporaryDirectory(dir=source_folder(course.repository).parent) as folder:
        log = generate(course.nbgrader_config(release_directory=folder), slug, into_gradebook=True)
    return [line.removeprefix("[WARNING] ") for line in log.splitlines() if REVISED in line]


def revise(db: Any, notebook: Notebook, wanted: dict[Any, dict[str, Any]]) -> list[str]:
    """Add and remove cells of a notebook in the gradebook until it has those that are `wanted`, by kind and name.

    Returns a phrase for each change.
    """
    OWN_TABLES.create_all(db.get_bind())
    return _Revision(db, notebook).revise(wanted)


class _Revision:
    """A change of one notebook's cells, in one transaction."""

    def __init__(self, db: Any, notebook: Notebook) -> None:
        self._db, self._notebook = db, notebook

    def revise(self, wanted: dict[Any, dict[str, Any]]) -> list[str]:
        """Add and remove cells until there are those that are `wanted`, by kind and name; return the changes."""
        changes = self._look_again(wanted)
        for kind, cells in wanted.items():
            held = {cell.name: cell for cell in self._cells(kind)}
            gone, new = sorted(held.keys() - cells.keys()), sorted(cells.keys() - held.keys())
            for name in gone:
                self._remove(held[name])
            for name in new:
                self._add(kind(name=name, notebook=self._notebook, **cells[name]))
            if kind is GradeCell:
                changes += [f"{name} was removed" for name in gone]
                changes += [f"{name} is new, with {cells[name]['max_score']:g} points" for name in new]
        self._db.commit()
        return changes

    def _cells(self, kind: Any) -> list[Any]:
        return list(self._db.query(kind).filter_by(notebook_id=self._notebook.id))

    def _look_again(self, wanted: dict[Any, dict[str, Any]]) -> list[str]:
        """Ask for another look at each manual score of a cell whose text or points changed."""
        texts = {cell.name: cell.source for cell in self._cells(SourceCell)}
        changes = []
        for cell in self._cells(GradeCell):
            points = wanted[GradeCell].get(cell.name, {}).get("max_score", cell.max_score)
            text = wanted[SourceCell].get(cell.name, {}).get("source", texts.get(cell.name))
            if points != cell.max_score:
                changes.append(f"{cell.name} now has {points:g} points instead of {cell.max_score:g}")
            if points != cell.max_score or text != texts.get(cell.name):
                for grade in self._db.query(Grade).filter_by(cell_id=cell.id).filter(Grade.manual_score.is_not(None)):
                    grade.needs_manual_grade = True
        return changes

    def _remove(self, cell: Any) -> None:
        """Remove a cell with its rows, and set aside what a person gave."""
        for kind in ROWS[type(cell)]:
            for row in self._db.query(kind).filter_by(cell_id=cell.id):
                given = {name: getattr(row, name) for name in BY_HAND[kind] if getattr(row, name) is not None}
                if given:
                    place = self._place(cell, kind) | {"student": row.student.id}
                    self._db.execute(REMOVED.insert().values(given=json.dumps(given), **place))
                self._db.delete(row)
        self._db.flush()
        self._db.delete(cell)
        self._db.flush()

    def _add(self, cell: Any) -> None:
        """Add a cell with a row for each submission, and restore what a person gave before it was removed."""
        self._db.add(cell)
        self._db.flush()
        for kind in ROWS[type(cell)]:
            here = [REMOVED.c[name] == value for name, value in self._place(cell, kind).items()]
            aside = {row.student: json.loads(row.given) for row in self._db.execute(select(REMOVED).where(*here))}
            for submitted in self._notebook.submissions:
                self._db.add(kind(cell_id=cell.id, notebook=submitted, **aside.get(submitted.student.id, {})))
            self._db.execute(REMOVED.delete().where(*here))

    def _place(self, cell: Any, kind: Any) -> dict[str, str]:
        return {"assignment": self._notebook.assignment.name, "cell": cell.name, "kind": kind.__tablename__}
