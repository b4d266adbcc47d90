"""Screening scores: one score per file; each says how far, how sure and why, or why there is no score."""
