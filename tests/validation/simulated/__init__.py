"""The truth bench: simulated walks with exact truth, through faults, sensor sets and methods.

``python -m tests.validation.simulated --seeds 20 --json FILE``; see ``docs/simulator.md``.
"""
