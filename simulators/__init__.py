"""A small seeded city: what its sensors would send, in the envelopes of real network servers. No pipeline code."""
