"""`city.yaml`: which city to simulate."""

from pathlib import Path

import msgspec
import yaml

from simulators.fleet import Lns
from simulators.plan import Plan
from simulators.plan_builder import ALL_LNS, PlanError, build_plan
from simulators.plan_geojson import load_plan
from simulators.scenarios import SCENARIOS


class CityFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's keys, all with defaults: an empty file is the bundled city with a thousand devices."""

    seed: int = 1
    """The same seed gives the same city, and the same life in it."""
    devices: int = 1_000
    """30 to 28,000; a `geojson` says itself how many."""
    geojson: str = ""
    """A file with a real city's places, beside this one; empty: the bundled fictional city."""
    lns: tuple[Lns, ...] = ALL_LNS
    """Network servers, which take turns."""
    scenario: str = "ordinary"
    faults: float = 1.0
    """Factor of all fault rates; 0: nothing breaks."""
    hourly_truth: bool = True
    """Hourly rows of levels, soil and occupancy in the truth file, beside what happened."""


class CityFileError(ValueError):
    """What is wrong with a city file, in one line."""


def read_city(path: Path | None) -> tuple[CityFile, Plan]:
    """The file's settings and the plan they describe; None: all defaults. CityFileError."""
    settings = CityFile() if path is None else _settings(path)
    try:
        if settings.geojson and path is not None:
            text = (path.parent / settings.geojson).read_bytes()
            return settings, load_plan(text, settings.seed, settings.lns)
        return settings, build_plan(settings.seed, settings.devices, settings.lns)
    except (PlanError, OSError) as error:
        raise CityFileError(f"{path or 'the city'}: {error}") from error


def _settings(path: Path) -> CityFile:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = msgspec.convert(found or {}, CityFile)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise CityFileError(f"{path}: {error}") from error
    if not settings.lns:
        raise CityFileError(f"{path}: lns: name at least one of {', '.join(ALL_LNS)}")
    if settings.faults < 0:
        raise CityFileError(f"{path}: faults: must not be negative")
    check_scenario(settings.scenario)
    return settings


def check_scenario(name: str) -> None:
    """CityFileError for a name that no scenario has."""
    if name not in SCENARIOS:
        raise CityFileError(f"there is no scenario {name!r}: {', '.join(SCENARIOS)}")
