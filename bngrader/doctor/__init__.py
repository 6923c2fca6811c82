"""Checks of this machine and of a course, each with a way to fix what is wrong."""
