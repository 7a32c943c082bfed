"""The water of a layered soil: textures, retention, and the buckets of 30 cm each that it flows through.

Water contents are vol.%, amounts mm (litres per m2), potentials kPa.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

LAYER_MM = 300.0
DEPTHS_CM = (30, 60, 90)
"""Lower edges of the layers."""
_PF_1_8_KPA, _PF_4_2_KPA = 10**1.8 / 10, 10**4.2 / 10
"""The bounds of plant-available water (nutzbare Feldkapazität): 10^pF cm of water, 10 cm being about 1 kPa."""
AIR_DRY_SHARE = 0.5
"""Evaporation dries the top layer to half the wilting point (FAO-56, equation 73)."""


@dataclass(frozen=True, slots=True)
class Texture:
    """A kind of soil. Contents in vol.%, conductivity in mm/h."""

    name: str
    wilting_point: float
    field_capacity: float
    saturation: float
    conductivity: float

    @property
    def available(self) -> float:
        """Plant-available water between wilting point and field capacity, vol.%."""
        return self.field_capacity - self.wilting_point

    def nfk(self, content: float) -> float:
        """The content in % of plant-available water (%nFK); below 0 and above 100 possible."""
        return 100 * (content - self.wilting_point) / self.available

    def potential(self, content: float) -> float:
        """Matric potential, kPa, negative: a straight line in logarithms, as Saxton and Rawls (2006), equation 11, laid
        through field capacity at pF 1.8 and wilting point at pF 4.2; none at saturation."""
        slope = math.log(_PF_4_2_KPA / _PF_1_8_KPA) / math.log(self.field_capacity / self.wilting_point)
        if content >= self.saturation:
            return 0.0
        return -min(_PF_1_8_KPA * math.pow(max(content, 0.5) / self.field_capacity, -slope), 1_000_000.0)

    def scaled(self, factor: float) -> "Texture":
        """The same kind a little finer or coarser: no two places have the same soil."""
        return replace(
            self,
            wilting_point=self.wilting_point * factor,
            field_capacity=self.field_capacity * factor,
            saturation=max(self.saturation, self.field_capacity * factor + 4),
        )


TEXTURES: Mapping[str, Texture] = MappingProxyType(
    {
        name: Texture(name, *row)
        for name, row in {
            "sand": (5, 10, 46, 108.1),
            "loamy_sand": (5, 12, 46, 96.7),
            "sandy_loam": (8, 18, 45, 50.3),
            "loam": (14, 28, 46, 15.5),
            "silt_loam": (11, 31, 48, 16.1),
            "silt": (6, 30, 48, 22.0),
            "sandy_clay_loam": (17, 27, 43, 11.3),
            "clay_loam": (22, 36, 48, 4.3),
            "silty_clay_loam": (22, 38, 51, 5.7),
            "sandy_clay": (25, 36, 44, 1.4),
            "silty_clay": (27, 41, 52, 3.7),
            "clay": (30, 42, 50, 1.1),
        }.items()
    }
)
"""Saxton and Rawls, Soil Science Society of America Journal 70 (2006), table 3: USDA texture classes with 2.5 % organic
matter. Their field capacity (33 kPa) stands in for that of pF 1.8 here."""


def permittivity(content: float) -> float:
    """Relative permittivity of soil at a water content in vol.%. Topp, Davis and Annan, Water Resources Research 16
    (1980)."""
    theta = max(content, 0.0) / 100
    return 3.03 + 9.3 * theta + 146.0 * theta**2 - 76.7 * theta**3


def bulk_ec(content: float, pore_water_ec: float, temperature: float) -> float:
    """Bulk electrical conductivity, uS/cm, from that of the pore water. Hilhorst, Soil Science Society of America
    Journal 64 (2000), with the offset 4.1 and water's permittivity 80.3 - 0.37 (T - 20)."""
    water = 80.3 - 0.37 * (temperature - 20)
    return max(pore_water_ec * (permittivity(content) - 4.1) / water, 0.0)


@dataclass(slots=True)
class Fluxes:
    """Water since the start, mm: rain + watered = evaporated + transpired + runoff + drained + change of storage."""

    rain: float = 0.0
    watered: float = 0.0
    evaporated: float = 0.0
    """From wet leaves and from the bare surface."""
    transpired: float = 0.0
    wanted: float = 0.0
    """What roots would have taken without stress."""
    runoff: float = 0.0
    drained: float = 0.0


class Column:
    """Three layers under a crown. `roots` are each layer's share of the roots; `leaf_mm` what wet leaves hold."""

    def __init__(
        self,
        textures: Sequence[Texture],
        contents: Sequence[float],
        roots: tuple[float, float, float] = (0.5, 0.33, 0.17),
        leaf_mm: float = 1.0,
        open_share: float = 0.8,
    ) -> None:
        self.textures = tuple(textures)
        self._water = [c / 100 * LAYER_MM for c in contents]
        self._roots = roots
        self._leaf_mm = leaf_mm
        self._open = open_share
        self._on_leaves = 0.0
        self.fluxes = Fluxes()

    @property
    def contents(self) -> list[float]:
        """Water content of each layer, vol.%."""
        return [water / LAYER_MM * 100 for water in self._water]

    @property
    def storage_mm(self) -> float:
        """All water of the layers and on the leaves."""
        return sum(self._water) + self._on_leaves

    @property
    def nfk(self) -> list[float]:
        """Each layer's %nFK."""
        return [texture.nfk(water / LAYER_MM * 100) for texture, water in zip(self.textures, self._water, strict=True)]

    @property
    def root_nfk(self) -> float:
        """%nFK of the root zone, the layers weighted by their roots, each between 0 and 100."""
        return sum(share * min(max(nfk, 0.0), 100.0) for share, nfk in zip(self._roots, self.nfk, strict=True))

    def pour(self, mm: float) -> None:
        """Water into the tree's pit or the bed at once; what finds no room runs off."""
        self.fluxes.watered += mm
        self._infiltrate(mm)

    def step(self, hours: float, rain_mm: float, et0_mm: float, crop: float, leaves: float) -> None:
        """One step, at most a few hours: interception, infiltration, uptake, evaporation, drainage.

        `crop` is the crop coefficient of the season, `leaves` the share of the foliage that is out, 0 to 1.
        """
        self.fluxes.rain += rain_mm
        self._on_leaves += rain_mm
        dripping = max(self._on_leaves - self._leaf_mm * (0.2 + 0.8 * leaves), 0.0)
        self._on_leaves -= dripping
        self.fluxes.runoff += dripping * (1 - self._open)
        self._infiltrate(dripping * self._open)
        wet = min(self._on_leaves, et0_mm)
        self._on_leaves -= wet
        self.fluxes.evaporated += wet
        self._take_up((et0_mm - wet) * crop)
        self._dry_up((et0_mm - wet) * 0.12)
        self._drain(hours)

    def _infiltrate(self, mm: float) -> None:
        """Fill from above to saturation; what is too much runs off."""
        rest = mm
        for at, texture in enumerate(self.textures):
            room = max(texture.saturation / 100 * LAYER_MM - self._water[at], 0.0)
            taken = min(rest, room)
            self._water[at] += taken
            rest -= taken
        self.fluxes.runoff += rest

    def _take_up(self, wanted: float) -> None:
        """Roots take from each layer by their share, less under stress: FAO-56, equation 84, with p = 0.5."""
        self.fluxes.wanted += wanted
        for at, texture in enumerate(self.textures):
            share = texture.nfk(self._water[at] / LAYER_MM * 100) / 100
            taken = wanted * self._roots[at] * min(max(share / 0.5, 0.0), 1.0)
            taken = min(taken, max(self._water[at] - texture.wilting_point / 100 * LAYER_MM, 0.0))
            self._water[at] -= taken
            self.fluxes.transpired += taken

    def _dry_up(self, wanted: float) -> None:
        """The bare surface dries the top layer, less as it gets drier: FAO-56, equations 71 to 74."""
        top = self.textures[0]
        lowest = AIR_DRY_SHARE * top.wilting_point
        content = self._water[0] / LAYER_MM * 100
        share = min(max((content - lowest) / (top.field_capacity - lowest), 0.0), 1.0)
        self._water[0] -= wanted * share
        self.fluxes.evaporated += wanted * share

    def _drain(self, hours: float) -> None:
        """What is above field capacity sinks: SWAT Theoretical Documentation 2009 (Neitsch et al.), equations 2:3.2.3
        and 2:3.2.4, travel time (saturation - field capacity) / conductivity; a layer below takes what it can hold."""
        for at in range(len(self._water) - 1, -1, -1):
            texture = self.textures[at]
            excess = self._water[at] - texture.field_capacity / 100 * LAYER_MM
            if excess <= 0:
                continue
            travel_h = (texture.saturation - texture.field_capacity) / 100 * LAYER_MM / texture.conductivity
            sinking = excess * (1 - math.exp(-hours / max(travel_h, 6.0)))
            if at == len(self._water) - 1:
                self.fluxes.drained += sinking
            else:
                below = self.textures[at + 1].saturation / 100 * LAYER_MM - self._water[at + 1]
                sinking = min(sinking, max(below, 0.0))
                self._water[at + 1] += sinking
            self._water[at] -= sinking
