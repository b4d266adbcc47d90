"""Ways to reach a device, one file each; see ``drivers.base.Transport``."""
