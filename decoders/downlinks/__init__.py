"""The downlinks that can be encoded: one module a vendor, tables of `Command`s that the device files name."""
