"""Submissions in and grades out: what learning platforms, Moodle and Canvas, give and take."""
