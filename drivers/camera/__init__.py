"""Cameras, one file each; see ``drivers.base.CameraSource``."""
