"""Processes forked of one that has imported everything."""
