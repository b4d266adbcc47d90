"""Gait: strides, parameters, joint angles, norms, findings."""
