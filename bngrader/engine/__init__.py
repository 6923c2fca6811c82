"""The grading engine: runs the answers of a notebook in a sandbox, and its tests where the answers cannot reach them.

    the process that grades (execute, plan)
       ├── zygote (processes): imports the packages once, and forks the others
       │      ├── judge (judge): runs the tests, and holds proxies of what the submission defines
       │      └── monitor (sandbox): watches the limits
       │             └── student's process (student): runs the answers, in its own namespaces (sandbox)
       └── gets the outputs from the judge, and starts and ends the student's process when the judge asks for it

The judge and the student's process share one socket pair, which carries plain data (protocol). Everything else stays on
its side, and crosses as a number that the other side uses in requests (judge.handles, student.operations). Both sides
hold torch modules, and keep them alike (torch_modules on either side, protocol.module_state). The judge trusts nothing
that it reads from the student's process. `judge` and `student` never import each other.
"""
