"""Where cameras are and how they see: calibration boards, calibration files, rays of several cameras."""
