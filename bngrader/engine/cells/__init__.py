"""The execution of cells, in either process."""
