"""The estimator: the masked segment-tree error-state Kalman filter and its smoother."""

from fusion.estimator import compiled

compiled.use_cache_of_these_sources()
