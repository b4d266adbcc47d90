"""Left or right: which leg a detector's point belongs to, with probabilities, and repair by continuity."""
