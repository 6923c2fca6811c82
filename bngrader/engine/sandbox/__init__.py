"""The sandbox around a submission: namespaces, files, system calls, imports and limits."""
