"""Writing of the report: the page, and a CSV file for each of its tables."""

from datetime import date
from pathlib import Path

from bngrader.course import csv_files
from bngrader.course.files import write_file
from bngrader.report.collect import ClassData
from bngrader.report.plots import plots
from bngrader.report.tables import tables
from bngrader.templates import render

PAGE = "report.html"


def write_report(data: ClassData, folder: Path) -> Path:
    """Write all files into a folder, creating it if necessary, and return the path of the page.

    Raises CourseError if a file cannot be written.
    """
    made = tables(data)
    html = render(
        "report",
        students=len(data.students),
        assignments=len(data.assignments),
        made_on=date.today().isoformat(),
        tables=made,
        plots=plots(data, made),
    )
    for table in made.values():
        write_file(folder / f"{table.name}.csv", csv_files.write(table.columns, table.rows))
    write_file(folder / PAGE, html.encode())
    return folder / PAGE
