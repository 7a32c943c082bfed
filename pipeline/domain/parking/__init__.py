"""Parking: what the frames of one bay's sensor mean (`DETECTOR`), and what the bays of a zone say together."""

from pipeline.domain.parking.detector import DETECTOR

__all__ = ["DETECTOR"]
