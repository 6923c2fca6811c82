"""What is missing or wrong on this machine or in a course, and how to mend it."""
