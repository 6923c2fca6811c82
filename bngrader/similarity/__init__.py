"""Which answers are like each other, or like the course's own: what `bngrader similarity` looks for.

copydetect compares fingerprints of the code, as Moss does (Schleimer, Wilkerson and Aiken 2003): neither names nor
comments nor spaces count, so a renamed copy is a copy.
"""
