"""The estimator: the masked segment-tree error-state Kalman filter and its smoother."""

from fusion.estimator import _cache

_cache.use_cache_of_these_sources()
