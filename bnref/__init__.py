"""Reference implementations of normalization in NumPy.

Each section of the course has a module: `bnref.scaling` and so on. `bnref.experiments` tests what the
chapters claim, and `bnref.figures` draws the results.
"""
