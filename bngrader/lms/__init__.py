"""Import of submissions from Moodle and Canvas, and export of grades to them."""
