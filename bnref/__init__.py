"""Reference implementations of normalization, in NumPy alone.

One module a section of the course: `bnref.scaling` and so on. `bnref.experiments` runs what the
chapters claim, `bnref.figures` draws it.
"""
