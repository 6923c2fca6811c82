"""The report on a class, made from its gradebook by `bngrader report`."""
