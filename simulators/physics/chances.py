"""Chance with closed forms: Poisson counts, log-normal durations by their median, noise that depends on time alone."""

import math
from random import Random

_MASK = (1 << 64) - 1


def poisson(chance: Random, mean: float) -> int:
    """A Poisson count. Knuth's product of uniforms (The Art of Computer Programming 2, 3.4.1), in halves above 30."""
    count = 0
    while mean > 30:
        count += poisson(chance, 15)
        mean -= 15
    if mean <= 0:
        return count
    limit, product = math.exp(-mean), chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def arrivals(chance: Random, per_hour: float, start_ms: int, length_ms: int) -> list[int]:
    """Times of a Poisson process within one stretch of constant rate, in order (Unix ms)."""
    count = poisson(chance, per_hour * length_ms / 3_600_000)
    return sorted(start_ms + int(chance.random() * length_ms) for _ in range(count))


def around(chance: Random, median: float, sigma: float) -> float:
    """A log-normal value by its median; `sigma` is the spread of the logarithm."""
    return median * math.exp(sigma * chance.gauss(0, 1))


def seed_number(text: str) -> int:
    """A 64-bit number that a text alone decides."""
    return Random(text).getrandbits(64)


def noise(seed: int, ms: int) -> float:
    """A uniform number, 0 to 1, of a seed and a time alone: asking twice, or more often, changes nothing.

    The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    x = (seed + ms * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / (1 << 53)
