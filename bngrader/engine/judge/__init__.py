"""The trusted side: the process that runs the tests."""
