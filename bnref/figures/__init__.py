"""Every figure of the book, drawn by code: one module a section, each function draws onto matplotlib axes."""
