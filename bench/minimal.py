"""The ceiling: two loops that do nothing but carry uplinks from the broker into InfluxDB.

    python -m bench.minimal paho|raw BROKER_PORT INFLUX_URL COUNT

`paho` reads with the service's own MQTT client and writes the same points with the same bytes; no journal, no dedup, no
inventory, no decoder framework, no quality rules. `raw` replaces the client by a bare parser of PUBLISH packets that
can neither reconnect nor speak TLS. Both acknowledge after InfluxDB has confirmed. One JSON line on stdout at the end.
"""

import asyncio
import json
import random
import struct
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

import aiohttp
import msgspec
import psutil
import uvloop

from gateway_bridge.delivery import Ticket
from gateway_bridge.settings import ConnectionSettings
from gateway_bridge.source import MqttSource
from gateway_bridge.topics import default_topics
from gateway_bridge.uplink import Message

BATCH = 2000


class _Rx(msgspec.Struct):
    gatewayId: str
    rssi: float = 0.0
    snr: float = 0.0


class _Info(msgspec.Struct):
    devEui: str


class _Tx(msgspec.Struct, frozen=True):
    frequency: int = 0


class _Up(msgspec.Struct):
    deviceInfo: _Info
    time: datetime
    rxInfo: list[_Rx]
    fCnt: int = 0
    fPort: int = 0
    data: bytes = b""
    txInfo: _Tx = _Tx()


_decode = msgspec.json.Decoder(_Up).decode
_TAIL = 'historical=f,late=f,time_source="server",decoder='
_LPP = (
    ("weather", "1", "air_temperature", 10),
    ("weather", "2", "relative_humidity", 2),
    ("weather", "3", "air_pressure", 10),
    ("weather", "4", "illuminance", 1),
    ("generic", "analog_input_5", "generic", 100),
)


def _bin(p: bytes) -> str:
    temperature, distance = int.from_bytes(p[2:4], "little"), int.from_bytes(p[6:8], "little")
    return (
        f"device_temperature={temperature / 10},distance={distance}.0,fill_level={(1600 - distance) / 16:.1f},"
        f'battery_level=91.0,tilt_alarm=f,fill_level_source="computed",{_TAIL}"milesight-em400-mud@2"'
    )


def _soil(p: bytes) -> str:
    battery, _, water, temperature, ec = struct.unpack_from(">HHHhH", p)
    return (
        f"battery_voltage={battery / 1000},soil_moisture_vwc={water / 100},soil_temperature={temperature / 100},"
        f'soil_ec={ec}.0,interrupt=f,{_TAIL}"dragino-lse01@1"'
    )


def _trs(p: bytes) -> str:
    raw, temperature, ec, battery = struct.unpack_from(">HHHH", p, 5)
    return (
        f"soil_moisture_vwc={raw * 0.003879 - 69.56},soil_permittivity={raw / 250},soil_ec={ec}.0,"
        f'soil_temperature={(temperature - 32768) / 10},battery_voltage={battery / 1000},{_TAIL}"decentlab-dl-trs12@1"'
    )


def _kind(up: _Up) -> tuple[str, str, str]:
    """Measurement, asset and field set; (weather, ..., "") has a line for each of its channels."""
    p = up.data
    if up.fPort == 85:
        return "waste_bin", "Milesight\\ EM400-MUD", _bin(p)
    if len(p) == 11:
        return "soil", "Dragino\\ LSE01", _soil(p)
    if len(p) == 13 and p[0] == 2:
        return "soil", "Decentlab\\ DL-TRS12", _trs(p)
    if len(p) < 3 or len(p) == 17:
        state = "t" if p[-1] & 1 else "f"
        return "parking_bay", "Bosch\\ TPS110", f'event="heartbeat",occupied={state},{_TAIL}"bosch-tps110@2"'
    return "weather", "Cayenne\\ LPP\\ station", ""


def lines_of(payload: bytes) -> str:
    """The points of one uplink: as many as the service writes, with the same tags and fields."""
    up = _decode(payload)
    eui = up.deviceInfo.devEui
    ms = int(up.time.timestamp() * 1000)
    kind, model, values = _kind(up)
    head = f"asset=asset-{eui[-3:]}"
    tail = f"dev_eui={eui},district=North\\ Bank,model={model},zone=rose-garden"
    best = max(up.rxInfo, key=lambda r: r.snr) if len(up.rxInfo) > 1 else up.rxInfo[0]
    text = (
        f"uplink,{head},{tail} f_port={up.fPort}.0,gateways={len(up.rxInfo)}.0,lag=0.1,f_cnt={up.fCnt}.0,"
        f"rssi={best.rssi},snr={best.snr},frequency={up.txInfo.frequency}.0,late=f,"
        f'time_source="server",time_suspect=f,gateway="{best.gatewayId}",data_rate="SF7BW125" {ms}\n'
    )
    if values:
        return f"{kind},{head},{tail} {values} {ms}\n{text}"
    raw = up.data
    for n, (measurement, channel, name, scale) in enumerate(_LPP):
        value = raw[2 + 3 * n] / scale
        text += f'{measurement},{head},channel={channel},{tail} {name}={value},{_TAIL}"cayenne-lpp@1" {ms}\n'
    return text


class Loop:
    """Batches of lines to InfluxDB, at most two writes in flight, acknowledgement after the answer."""

    paused = False

    def __init__(self, url: str, count: int) -> None:
        self.url = f"{url}/write?db=ceiling&precision=ms"
        self.count = count
        self.lines: list[str] = []
        self.tickets: list[Callable[[], None]] = []
        self.received = self.written = 0
        self.started = 0.0
        self.flights = asyncio.Semaphore(2)
        self.tasks: set[asyncio.Task[None]] = set()
        self.done = asyncio.Event()
        self.session: aiohttp.ClientSession | None = None

    def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
        self.take([m.payload for m in batch], ticket.settle)

    def take(self, payloads: list[bytes], settle: Callable[[], None]) -> None:
        if not self.started:
            self.started = time.perf_counter()
            self.cpu = time.process_time()
        self.lines += [lines_of(p) for p in payloads]
        self.tickets.append(settle)
        self.received += len(payloads)
        if len(self.lines) >= BATCH or self.received >= self.count:
            body, tickets, n = "".join(self.lines).encode(), self.tickets, len(self.lines)
            self.lines, self.tickets = [], []
            task = asyncio.create_task(self.write(body, tickets, n))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def write(self, body: bytes, tickets: list[Callable[[], None]], n: int) -> None:
        assert self.session is not None
        async with self.flights, self.session.post(self.url, data=body) as answer:
            assert answer.status == 204, await answer.text()
        for settle in tickets:
            settle()
        self.written += n
        if self.written >= self.count:
            self.done.set()


class RawReader(asyncio.Protocol):
    """MQTT 3.1.1, QoS 1, nothing else: every complete PUBLISH in the buffer, one write for all acknowledgements."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.buffer = loop, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)
        name = b"ceiling"
        body = b"\x00\x04MQTT\x04\x00\x00\x3c" + len(name).to_bytes(2, "big") + name
        self.transport.write(b"\x10" + bytes([len(body)]) + body)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        buffer, at, payloads, acks = self.buffer, 0, [], []
        while len(buffer) - at >= 2:
            length, shift, head = 0, 0, at + 1
            while True:
                if head >= len(buffer):
                    break
                byte = buffer[head]
                length |= (byte & 127) << shift
                shift += 7
                head += 1
                if byte < 128:
                    break
            if head + length > len(buffer) or buffer[head - 1] >= 128:
                break
            if buffer[at] >> 4 == 3:
                topic = int.from_bytes(buffer[head : head + 2], "big")
                mid = head + 2 + topic
                acks.append(b"\x40\x02" + buffer[mid : mid + 2])
                payloads.append(buffer[mid + 2 : head + length])
            at = head + length
        self.buffer = buffer[at:]
        if payloads:
            answer = b"".join(acks)
            self.loop.take(payloads, lambda: self.transport.write(answer))


async def main(client: str, port: int, url: str, count: int) -> None:
    loop = Loop(url, count)
    async with aiohttp.ClientSession() as session:
        loop.session = session
        if client == "paho":
            settings = ConnectionSettings.model_validate(
                {"name": "ceiling", "lns": "chirpstack4", "mqtt": {"port": port, "client_id": "ceiling"}}
            )
            source = MqttSource(settings, default_topics("chirpstack4"), loop, lambda: 0, random.Random(1))
            task = asyncio.create_task(source.run())
            await loop.done.wait()
            await source.stop()
            await task
        else:
            await asyncio.get_running_loop().create_connection(lambda: RawReader(loop), "127.0.0.1", port)
            await loop.done.wait()
            await asyncio.sleep(0.2)  # the last acknowledgements leave
    took, cpu = time.perf_counter() - loop.started, time.process_time() - loop.cpu
    rss = psutil.Process().memory_info().rss
    print(json.dumps({"rate": count / took, "cpu_us": cpu / count * 1e6, "rss_mb": rss / 1e6}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
