"""Feet, rhythm, trunk, arms and turns: the parameters beyond times and lengths; one kind in each file."""
