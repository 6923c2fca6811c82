"""The database of a class: scores, submissions, versions, and the price of lateness."""
