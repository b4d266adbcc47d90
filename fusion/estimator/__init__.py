"""The masked segment-tree error-state Kalman filter and its smoother."""
