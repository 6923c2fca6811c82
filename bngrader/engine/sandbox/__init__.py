"""The walls around a submission: namespaces, files, system calls, imports and memory."""
