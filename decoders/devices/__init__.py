"""One module a device, each with a `DEVICE`; found by `decoders.registry`, nothing to register."""
