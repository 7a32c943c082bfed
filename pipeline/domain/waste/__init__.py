"""Waste: what one bin's samples, its crew and the clock mean (`DETECTOR`).

Attributes of a bin that count: `collection_days` (`mon,thu`, local weekdays), `collection_hour` (local), `tour`,
`land_use`, `fill_rate_prior` (points per hour, from similar bins), `full_level` (what time-to-full aims at; points).
"""

from pipeline.domain.waste.detector import DETECTOR

__all__ = ["DETECTOR"]
