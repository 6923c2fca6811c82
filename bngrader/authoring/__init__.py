"""Authoring of assignments: from `solutions/` to the students' notebooks and the editors in the book's pages."""
