"""Every detector by the kind of asset that it looks after."""

from collections.abc import Mapping
from typing import Any

from pipeline.domain import irrigation, parking, waste
from pipeline.domain.fold import Run
from pipeline.domain.words import Detector
from pipeline.inventory_model import AssetKind

DETECTORS: tuple[Detector[Any], ...] = (waste.DETECTOR, parking.DETECTOR, *irrigation.DETECTORS)


def runs(detectors: tuple[Detector[Any], ...] = DETECTORS) -> Mapping[AssetKind, Run[Any]]:
    """A run of each detector by kind of asset. ValueError when two want the same kind."""
    found: dict[AssetKind, Run[Any]] = {}
    for detector in detectors:
        run = Run(detector)
        for kind in detector.kinds:
            if kind in found:
                raise ValueError(f"{run.label} and {found[kind].label} both look after {kind}")
            found[kind] = run
    return found
