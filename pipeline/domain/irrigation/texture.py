"""How much water a soil holds: field capacity and wilting point by texture, %nFK and the retention curve between them.

Figures: K. E. Saxton, W. J. Rawls (2006), Soil water characteristic estimates by texture and organic matter for
hydrologic solutions, Soil Sci. Soc. Am. J. 70:1569-1578, equations 1 and 2 at the centre of each USDA class with 2.5 %
organic matter. Their field capacity is that of 33 kPa and stands in for the one that nFK counts from (pF 1.8, about
6 kPa; gd.nrw.de), which is higher in coarse soils: where a soil map or a measurement on the site tells field capacity
and wilting point, the attributes `field_capacity` and `wilting_point` go first.
"""

from collections.abc import Mapping
from math import log
from types import MappingProxyType

from msgspec import Struct

FIELD_CAPACITY_KPA = 10**1.8 / 10
"""pF 1.8; pF is the logarithm of the tension in cm of water, 10 cm of which are about 1 kPa."""
WILTING_POINT_KPA = 10**4.2 / 10
NFK_CAP = 120.0
"""%: what a layer holds beyond it drains within hours and makes up for no dry layer elsewhere."""


class Soil(Struct, frozen=True):
    """What a soil holds, % by volume: `field_capacity` after drainage, `wilting_point` when plants get no more."""

    field_capacity: float
    wilting_point: float

    @property
    def capacity(self) -> float:
        """Water that plants can use (nFK), % by volume."""
        return self.field_capacity - self.wilting_point

    def nfk(self, vwc: float) -> float:
        """Usable water of a moisture (% by volume) as % of what the soil can hold for plants, 0 to `NFK_CAP`."""
        return min(max(0.0, (vwc - self.wilting_point) / self.capacity * 100.0), NFK_CAP)

    def vwc_at(self, tension_kpa: float) -> float:
        """Moisture, % by volume, at a tension: a straight line in logarithms through the two known points (the form of
        the source's equation 11), not wetter than field capacity, above which tension tells nothing more."""
        slope = log(self.field_capacity / self.wilting_point) / log(WILTING_POINT_KPA / FIELD_CAPACITY_KPA)
        return float(self.field_capacity * (FIELD_CAPACITY_KPA / max(tension_kpa, FIELD_CAPACITY_KPA)) ** slope)


TEXTURES: Mapping[str, Soil] = MappingProxyType(
    {
        "sand": Soil(10, 5),
        "loamy_sand": Soil(12, 5),
        "sandy_loam": Soil(18, 8),
        "loam": Soil(28, 14),
        "silt_loam": Soil(31, 11),
        "silt": Soil(30, 6),
        "sandy_clay_loam": Soil(27, 17),
        "clay_loam": Soil(36, 22),
        "silty_clay_loam": Soil(38, 22),
        "sandy_clay": Soil(36, 25),
        "silty_clay": Soil(41, 27),
        "clay": Soil(42, 30),
    }
)
"""By the name of the USDA texture class."""
DEFAULT_TEXTURE = "sandy_loam"
"""Near what tree pits are filled with, where nothing is said."""

NFK_CLASSES: tuple[tuple[float, str], ...] = (
    (10.0, "extreme_drought_stress"),
    (30.0, "drought_stress"),
    (50.0, "light_stress"),
    (70.0, "sufficient"),
    (90.0, "good"),
    (110.0, "possible_oxygen_lack"),
)
"""(upper end exclusive in %nFK, word): classes of the German weather service; above them `oversupply`."""
GOOD_KPA = 32.0
"""Up to here (pF 2.5) young trees are well supplied; the two lines are those of the Berlin method for tree sites
(Stadt+Gruen 2023)."""
CRITICAL_KPA = 80.0
"""Above it (pF 2.9) young trees suffer."""


def nfk_class(nfk: float) -> str:
    """The weather service's word for a supply in %nFK."""
    return next((word for upper, word in NFK_CLASSES if nfk < upper), "oversupply")


def tension_class(tension_kpa: float) -> str:
    """`good`, `moderate` or `critical` for a tension in kPa (the positive magnitude of the water potential)."""
    if tension_kpa <= GOOD_KPA:
        return "good"
    return "moderate" if tension_kpa <= CRITICAL_KPA else "critical"
