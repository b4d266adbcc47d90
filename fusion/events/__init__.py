"""Gait events: one detector per file."""
