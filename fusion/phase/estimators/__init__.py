"""One estimator of the live gait phase per file."""
