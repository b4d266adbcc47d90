"""Wearables, one file each; see ``drivers.base.Device``."""
