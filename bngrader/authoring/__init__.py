"""From `solutions/` to the students' notebooks."""
