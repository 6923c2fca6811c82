"""The class at a glance, from its gradebook: what `bngrader report` writes."""
