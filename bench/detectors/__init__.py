"""How good the detectors are: a simulated city that nobody tuned on, heard through the real path, against its truth."""
