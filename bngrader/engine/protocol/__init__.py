"""The messages between the judge and the student's process, and the data in them. Neither side's code is here."""
