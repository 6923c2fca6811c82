"""The trusted side: everything here runs in the judge, the process that runs the tests."""
