"""Submissions in and grades out, for learning platforms such as Moodle and Canvas."""
