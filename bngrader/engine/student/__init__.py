"""The hostile side: what runs in the process of a student's answer."""
