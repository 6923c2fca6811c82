"""The grading engine: runs one notebook, its answers in a sandbox and its tests where the answers cannot reach."""
