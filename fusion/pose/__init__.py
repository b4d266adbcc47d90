"""Keypoints: from a camera's points to the sagittal plane of the walk."""
