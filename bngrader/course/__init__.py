"""The files of a course and of a class: finding, reading and writing them."""

from bngrader.course.folders import put_tools_on_path

__all__ = ["put_tools_on_path"]  # configurations of classes import it from here
