"""The linter of prose that `make lint` runs: the course's own rules and proselint's checks."""
