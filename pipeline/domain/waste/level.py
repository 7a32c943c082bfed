"""The fill level behind noisy samples: what fits is followed, what doesn't must be said twice before it is believed.

Level sensors in bins give outliers as a matter of course (Hoffmann et al., ais-insights 278), so one odd sample never
moves the level; two of the last three odd ones that agree do.
"""

from msgspec import Struct, structs

_SETTLED = 0.4
"""Variance of a followed level over that of one sample."""
_NOISE_GAIN = 0.04
_NOISE_START = 1.5
_NOISE_LEAST, _NOISE_MOST = 0.4, 6.0
_TOLERANCE_LEAST = 5.0
_ODD_KEPT = 3


class Track(Struct, frozen=True, gc=False, array_like=True):
    """The level of one bin. Levels and noise in points (percent of the container), times in Unix ms."""

    level: float = -1.0
    """Below 0: not known yet."""
    time_ms: int = 0
    noise: float = _NOISE_START
    """Mean size of the differences between samples and level, as a standard deviation."""
    odd: tuple[tuple[int, float], ...] = ()
    """Samples that don't fit and wait for another word."""

    @property
    def known(self) -> bool:
        """Whether there is a level at all."""
        return self.level >= 0

    @property
    def tolerance(self) -> float:
        """How far a sample may lie off and still fit, points."""
        return max(_TOLERANCE_LEAST, 4 * self.noise)


class Jump(Struct, frozen=True, gc=False):
    """A sudden change that was believed; `time_ms` is the first sample behind it."""

    time_ms: int
    before: float
    after: float
    earliest_ms: int
    """The last sample before it."""
    samples: int


def follow(
    track: Track, time_ms: int, sample: float, growth: float, spread: float = 0.0, *, believe_fall: bool = False
) -> tuple[Track, Jump | None]:
    """The track after a sample; a jump where one was believed. `growth` is what is expected since the last sample,
    `spread` its variance over its expectation.

    `believe_fall`: there is other evidence for an emptying, so that one low sample is enough.
    """
    if not track.known:
        return _first(track, time_ms, sample)
    expected = min(track.level + growth, 100.0)
    off = sample - expected
    if -track.tolerance <= off <= track.tolerance + growth:
        known, told = _SETTLED * track.noise**2 + spread * growth, track.noise**2
        level = min(max(expected + off * known / (known + told), 0.0), 100.0)
        return Track(level, time_ms, _noise(track.noise, track.level - sample)), None
    odd = (*track.odd, (time_ms, sample))[-_ODD_KEPT:]
    agreed = odd[-1:] if believe_fall and off < 0 else _agreed(odd, track.tolerance, growth)
    if not agreed:
        return structs.replace(track, odd=odd), None
    after = sum(level for _, level in agreed) / len(agreed)
    jump = Jump(agreed[0][0], track.level, after, track.time_ms, len(agreed))
    return Track(after, time_ms, track.noise), jump


def force(track: Track, time_ms: int, sample: float) -> tuple[Track, Jump]:
    """The track after an odd sample that other evidence makes believable."""
    jump = Jump(time_ms, track.level, sample, track.time_ms, 1)
    return Track(sample, time_ms, track.noise), jump


def _first(track: Track, time_ms: int, sample: float) -> tuple[Track, Jump | None]:
    odd = (*track.odd, (time_ms, sample))[-_ODD_KEPT:]
    agreed = _agreed(odd, track.tolerance, 0.0)
    if not agreed:
        return structs.replace(track, odd=odd), None
    return Track(sum(level for _, level in agreed) / len(agreed), time_ms, track.noise), None


def _agreed(odd: tuple[tuple[int, float], ...], tolerance: float, growth: float) -> tuple[tuple[int, float], ...]:
    """The newest odd sample with the latest earlier one that says the same; empty when there is none."""
    newest = odd[-1]
    for earlier in reversed(odd[:-1]):
        if -tolerance <= newest[1] - earlier[1] <= tolerance + 2 * growth:
            return (earlier, newest)
    return ()


def _noise(noise: float, below: float) -> float:
    """Only samples below the level tell of noise: above it waste may have come."""
    if below <= 0:
        return noise
    size = min(below, 3 * noise) * 1.25
    return min(max(noise + _NOISE_GAIN * (size - noise), _NOISE_LEAST), _NOISE_MOST)
