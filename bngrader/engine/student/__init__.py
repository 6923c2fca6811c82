"""The hostile side: everything here runs in the student's process, which a submission can change at will."""
