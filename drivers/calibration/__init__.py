"""Calibration of an inertial sensor by hand: rests on six faces, and turns by whole numbers of turns."""
