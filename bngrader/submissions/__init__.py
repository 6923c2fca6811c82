"""Handed-in notebooks: read safely, and made into the assignment's own again."""
