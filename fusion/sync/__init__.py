"""Clocks: device ticks to host time, and camera against wearables."""
