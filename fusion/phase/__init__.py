"""Gait phase as it happens: one leg, one tick at a time, for controllers of exoskeletons."""
