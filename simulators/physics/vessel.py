"""Containers: from volume to height of the surface and back, and what a sensor in the lid sees. Lengths in mm."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vessel:
    """A container. `taper` is its floor's length over its rim's: 1 for a prism, less for one that narrows downwards."""

    volume_l: float
    height_mm: float
    taper: float = 1.0
    offset_mm: float = 0.0
    """The sensor's face above the rim."""
    blind_zone_mm: float = 250.0
    """Nearer than this an ultrasonic sensor can't see: it still rings."""
    shape: str = "wheeled"
    tips: bool = True
    """Whether it is tipped over when it is emptied."""
    sensor_range_mm: float = 4500.0

    @property
    def empty_mm(self) -> float:
        """Distance to the floor."""
        return self.height_mm + self.offset_mm

    @property
    def full_mm(self) -> float:
        """Distance that counts as full: the blind zone below the rim, or below the sensor if that is lower."""
        return max(self.blind_zone_mm + self.offset_mm, self.blind_zone_mm, 0.0)

    def height_of(self, volume_l: float) -> float:
        """Height of the surface of a volume; a frustum's volume is the integral of a square that grows linearly."""
        share = min(max(volume_l / self.volume_l, 0.0), 1.0)
        if self.taper >= 1:
            return share * self.height_mm
        cube = self.taper**3
        part = (math.cbrt(cube + share * (1 - cube)) - self.taper) / (1 - self.taper)
        return self.height_mm * min(max(part, 0.0), 1.0)

    def volume_of(self, height_mm: float) -> float:
        """The volume in litres below a height: `height_of` turned round."""
        part = min(max(height_mm / self.height_mm, 0.0), 1.0)
        if self.taper >= 1:
            return part * self.volume_l
        cube = self.taper**3
        return self.volume_l * ((self.taper + part * (1 - self.taper)) ** 3 - cube) / (1 - cube)

    def level_of(self, height_mm: float) -> float:
        """The fill level in % as the distance tells it: 0 at the floor, 100 where the sensor counts it as full."""
        distance = self.empty_mm - height_mm
        return min(max((self.empty_mm - distance) / (self.empty_mm - self.full_mm) * 100, 0.0), 100.0)

    def distance(self, height_mm: float) -> float:
        """What an ultrasonic sensor says of a surface: never less than its blind zone nor more than its range."""
        return min(max(self.empty_mm - height_mm, float(self.blind_zone_mm)), float(self.sensor_range_mm))

    def table(self, points: int = 9) -> tuple[tuple[float, float], ...]:
        """(distance, percent of volume) from full to empty, for the inventory of a container that is no prism."""
        top = self.empty_mm - self.full_mm
        whole = self.volume_of(top)
        heights = [top * (1 - at / (points - 1)) for at in range(points)]
        return tuple((round(self.empty_mm - h, 1), round(100 * self.volume_of(h) / whole, 2)) for h in heights)


LITTER = Vessel(120, 900, 0.85, 40, 250, "litter", tips=False)
WHEELED_240 = Vessel(240, 950, 0.75, 30, 250, "wheeled")
WHEELED_1100 = Vessel(1100, 1250, 0.85, 60, 250, "wheeled")
UNDERGROUND = Vessel(3000, 2400, 1.0, 80, 300, "underground", tips=False)
GLASS = Vessel(2500, 1600, 0.9, 60, 250, "igloo", tips=False)
"""Containers of usual sizes; inner measures of the order of EN 840 (wheeled) and EN 13071 (selective collection)."""
