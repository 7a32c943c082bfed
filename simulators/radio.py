"""The air between a device and the gateways: who hears a frame, how well, and what is down.

Path loss grows with the distance (exponent 3, as for a town; antenna gains are in the constant); every pair of device
and gateway has its own shadow, every frame its own fading. A data rate is chosen for the best gateway
with a margin, as adaptive data rate does, so that only devices at the edge lose more than a few frames.
"""

import math
from collections.abc import Iterable
from random import Random

from simulators.device_faults import Fault
from simulators.fleet import Gateway, Sensor
from simulators.plan import metres
from simulators.wire import Hearing

_NOISE_DBM = -117
_SHADOW_DB, _FADING_DB = 4.0, 3.0
_MARGIN_DB = 10.0
_SNR_LIMIT = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
"""Semtech SX1276 data sheet, table 13: the SNR below which a spreading factor is not demodulated."""
_COLLISION = 0.004
"""Share of frames lost to another device on the same channel."""
_CANDIDATES = 3
_NEAREST = 8
"""So many gateways are looked at for a device."""


class Air:
    """All gateways, and which of them (or which network server) are down now. Ids of both are the keys of `down`."""

    def __init__(self, gateways: Iterable[Gateway], seed: int) -> None:
        self._gateways = tuple(gateways)
        self._seed = seed
        self.down: dict[str, Fault] = {}
        self.clocks_ahead_ms: dict[str, int] = {}

    def link(self, sensor: Sensor) -> "Link":
        """A device's way to its nearest gateways."""
        place = (sensor.latitude, sensor.longitude)
        near = sorted(self._gateways, key=lambda g: (metres(place, (g.latitude, g.longitude)), g.id))[:_NEAREST]
        chance = Random(f"shadow {self._seed} {sensor.asset}")
        ways = []
        for gateway in near:
            distance = max(metres(place, (gateway.latitude, gateway.longitude)), 10.0)
            loss_dbm = -28 - 30 * math.log10(distance) + 10 + chance.gauss(0, _SHADOW_DB)
            ways.append((loss_dbm, gateway))
        ways.sort(key=lambda way: (-way[0], way[1].id))
        return Link(self, ways[:_CANDIDATES])


class Link:
    """One device's gateways, the best first, with the spreading factor that adaptive data rate settled on."""

    __slots__ = ("_air", "_limit", "_ways", "spreading_factor")

    def __init__(self, air: Air, ways: list[tuple[float, Gateway]]) -> None:
        self._air = air
        self._ways = ways
        margin = ways[0][0] - _NOISE_DBM - _MARGIN_DB
        fitting = [factor for factor, limit in _SNR_LIMIT.items() if margin >= limit]
        self.spreading_factor = fitting[0] if fitting else 12
        self._limit = _SNR_LIMIT[self.spreading_factor]

    def hear(self, chance: Random) -> tuple[Hearing, ...]:
        """The gateways that hear a frame sent now, the best first; empty: it is lost."""
        if chance.random() < _COLLISION:
            return ()
        heard = []
        for mean_dbm, gateway in self._ways:
            dbm = mean_dbm + chance.gauss(0, _FADING_DB)
            snr = dbm - _NOISE_DBM
            if snr >= self._limit:
                ahead = self._air.clocks_ahead_ms.get(gateway.id, 0)
                heard.append(Hearing(gateway, max(round(dbm), -137), min(round(snr * 4) / 4, 13.5), ahead))
        return tuple(heard)

    def through(self, heard: tuple[Hearing, ...]) -> tuple[tuple[Hearing, ...], Fault | None]:
        """Those that can pass it on now. Where none can: one that keeps it until its outage ends, and that outage."""
        down = self._air.down
        if not down:
            return heard, None
        up = tuple(hearing for hearing in heard if hearing.gateway.id not in down)
        if up:
            return up, None
        kept = tuple(hearing for hearing in heard if down[hearing.gateway.id].values.get("stores"))
        return kept[:1], down[kept[0].gateway.id] if kept else None
