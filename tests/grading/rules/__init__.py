"""Tests that the written rules on packages are the enforced ones."""
