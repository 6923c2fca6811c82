"""The gradebook of a class: scores, submissions, versions and late penalties."""
