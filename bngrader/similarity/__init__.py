"""Search for answers that resemble each other or the course's own code, for `bngrader similarity`.

copydetect compares fingerprints of the code, as Moss does (Schleimer, Wilkerson and Aiken 2003). Names, comments and
spaces do not count, so a copy with other names is found. Why only a part of copydetect is used is in
docs/decisions/0006-own-csv-import-and-similarity.md.
"""
