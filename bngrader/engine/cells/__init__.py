"""The execution of notebook cells, on either side."""
