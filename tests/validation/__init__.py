"""Accuracy on real data: ``python -m tests.validation --data DIR --json FILE``."""
