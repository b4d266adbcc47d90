"""The far ends of the device drivers, one file each; written from the specifications, apart from the decoders."""
