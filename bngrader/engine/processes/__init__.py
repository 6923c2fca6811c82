"""Warm processes: a zygote that has imported everything, and the forks that it makes."""
