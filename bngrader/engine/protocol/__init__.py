"""Messages between the judge and the student's process, and what they hold."""
