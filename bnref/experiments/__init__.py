"""Experiments that test what the chapters claim: each section has modules, whose functions return plain results."""
