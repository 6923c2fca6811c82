"""The grading engine: runs one notebook, its answers in a sandbox and its tests where the answers cannot reach.

    worker (execute) ── zygote (zygote, warm): imports once, forks the rest
       │                  ├── judge: runs the tests; holds proxies for what the submission defines
       │                  └── monitor: watches limits ── student: runs the answers, in namespaces of its own (sandbox)
       └── gets the outputs from the judge, and starts and ends the student's process when the judge asks for it

Judge and student share one socket pair (channel). Over it goes plain data alone (values, memory, tensors), and what is
none goes as a number that the other side can use in requests (remote and proxy, student and operations). Torch modules
are held on both sides, and kept alike (modules, slots). The judge trusts nothing that it reads there.
"""
