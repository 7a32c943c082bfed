"""Many devices at high rate: uplinks from prepared templates, microseconds each. Pure; the caller brings the time."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import cycle, islice
from random import Random
from typing import Any

from decoders.registry import encode
from simulators.envelope import Frame, Message, hearings, offset_time, up, zulu_time
from simulators.faults import broken
from simulators.fleet import Fleet, FleetSize, Lns, Sensor, build_fleet
from simulators.signals import Values, stream_of

POOL = 64
"""So many different payloads of each device are prepared; they repeat, but frame counters do not."""
_MODEL_MS = 1_700_000_000_123
_MODEL_F_CNT = 1_987_654_321
_MODEL_PORT = 211
_MODEL_PAYLOAD = bytes(range(160, 190))


def load_fleet(devices: int, seed: int, lns: Sequence[Lns] = ("chirpstack4",)) -> Fleet:
    """A fleet of `devices` in equal parts of five models (both soil probes together two fifths)."""
    part = devices // 5
    size = FleetSize(bins=devices - 4 * part, soil_probes=2 * part, bays=part, weather_stations=part, lns=tuple(lns))
    return build_fleet(seed, size)


def unique_values(decoder: str, number: int) -> Values:
    """Values that only the uplink of this number carries, as a decoder gives them back. KeyError for a parking sensor.

    Unique below 24 million. In words: `distance`, `soil_ec` or the generic channel `generic_1` counts, the other value
    is the carry.
    """
    return _UNIQUE[decoder](number)


_UNIQUE: dict[str, Callable[[int], Values]] = {
    "milesight-em400-mud": lambda n: {
        "distance": float(n % 60_000 + 1),
        "device_temperature": (n // 60_000) / 10,
    },
    "dragino-lse01": lambda n: {
        "battery_voltage": 3.3,
        "soil_moisture_vwc": (n // 30_000) / 100,
        "soil_temperature": 10.0,
        "soil_ec": float(n % 30_000),
        "interrupt": False,
    },
    "decentlab-dl-trs12": lambda n: {
        "soil_moisture_vwc": 0.0,
        "soil_temperature": (n // 30_000) / 10,
        "soil_ec": float(n % 30_000),
        "battery_voltage": 3.3,
    },
    "cayenne-lpp": lambda n: {"generic:generic_1": float(n)},
}


class LoadSource:
    """Uplink number n: the devices take turns, each with its own frame counter. With `unique` every uplink carries n.

    `first_f_cnt` lets a second run go on where the first one ended.
    """

    def __init__(self, fleet: Fleet, *, unique: bool = False, first_f_cnt: int = 0) -> None:
        self.sensors = tuple(s for s in fleet.sensors if not unique or s.decoder in _UNIQUE)
        self._unique = unique
        self._first_f_cnt = first_f_cnt
        self._chance = Random(f"load {fleet.seed}")
        self._templates = [_Template(fleet, sensor) for sensor in self.sensors]
        self._pools = [] if unique else [_pool(fleet, sensor) for sensor in self.sensors]

    def message(self, number: int, now_ms: int) -> Message:
        """The uplink with this number, heard at `now_ms`."""
        index, turn = number % len(self.sensors), number // len(self.sensors)
        if self._unique:
            f_port, payload = encode(self.sensors[index].decoder, unique_values(self.sensors[index].decoder, number))
            data = base64.b64encode(payload).decode()
        else:
            f_port, data = self._pools[index][turn % POOL]
        return self._templates[index].fill(now_ms, self._first_f_cnt + turn, f_port, data, self._chance)


def with_garbage(messages: Iterator[Message], fraction: float, chance: Random) -> Iterator[tuple[Message, bool]]:
    """The messages, and broken ones between them that make up `fraction` of all; True marks the good ones."""
    for message in messages:
        while chance.random() < fraction:
            yield broken(message, chance), False
        yield message, True


def _pool(fleet: Fleet, sensor: Sensor) -> list[tuple[int, str]]:
    frames = (encode(sensor.decoder, values) for _, values in stream_of(sensor, fleet.seed, _MODEL_MS / 1000))
    few = list(islice(frames, 8 if sensor.decoder == "bosch-tps110" else POOL // 4))
    return [(port, base64.b64encode(payload).decode()) for port, payload in islice(cycle(few), POOL)]


class _Template:
    """One device's message with places for everything that changes from uplink to uplink."""

    def __init__(self, fleet: Fleet, sensor: Sensor) -> None:
        chance = Random(f"template {fleet.seed} {sensor.dev_eui}")
        frame = Frame(_MODEL_MS, _MODEL_F_CNT, _MODEL_PORT, _MODEL_PAYLOAD)
        model = up(sensor, frame, hearings(sensor, fleet.gateways, chance), chance)
        text = model.payload.decode().replace("%", "%%")
        for mark, place in _marks(json.loads(model.payload)).items():
            text = text.replace(mark, place)
        self.topic = model.topic
        self._text = text

    def fill(self, now_ms: int, f_cnt: int, f_port: int, data: str, chance: Random) -> Message:
        """The message of one uplink."""
        number = chance.getrandbits(128)
        places: dict[str, str | int] = {**_times(now_ms), "f_cnt": f_cnt, "f_port": f_port, "data": data}
        places["uuid"] = _uuid(f"{number:032x}")
        places["ulid"] = f"01{number % 10**24:024d}"
        return Message(self.topic, (self._text % places).encode())


def _uuid(digits: str) -> str:
    """Random digits as a UUID of version 4."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _marks(model: dict[str, Any]) -> dict[str, str]:
    """What to replace in the model message, by what."""
    marks = {model["deduplicationId"]: "%(uuid)s"} if "deduplicationId" in model else {}
    marks |= {text.rpartition(":")[2]: "%(ulid)s" for text in model.get("correlation_ids", ())}
    marks |= {text: f"%({name})s" for name, text in _times(_MODEL_MS).items()}
    marks[base64.b64encode(_MODEL_PAYLOAD).decode()] = "%(data)s"
    marks[f":{_MODEL_F_CNT}"] = ":%(f_cnt)d"
    marks[f'ort":{_MODEL_PORT}'] = 'ort":%(f_port)d'
    return marks


@lru_cache(maxsize=8)
def _times(now_ms: int) -> dict[str, str]:
    """The times of one message: 0, 60, 90 and 250 ms after the frame, in both servers' spelling."""
    zulu = {f"z{offset}": zulu_time(now_ms + offset) for offset in (0, 60, 90, 250)}
    return zulu | {f"o{offset}": offset_time(now_ms + offset) for offset in (0, 60)}
