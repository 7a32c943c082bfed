"""What happens in the city: weather, waste, soil, water, cars. One process per asset, seeded, with its own truth.

Nothing here knows a device or a frame: `measured` says what an ideal sensor would, `take_truth` what really happened.
Every process is deterministic for its seed, whatever the steps in which it is advanced.
"""
