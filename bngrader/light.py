"""Imported before all else by the commands: leaves out what takes long to import and is not used.

jsonschema, which nbformat uses, imports rfc3987_syntax where it is installed. That builds a grammar of web addresses,
for the better part of a second, to check formats that no notebook's schema has.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # the import system's word for "not there"
