"""Pose networks, one per file: a square picture of a person in, body points out."""
