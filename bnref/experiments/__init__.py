"""What the chapters claim, run: one module a section, each function returning a plain result."""
