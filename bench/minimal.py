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


class _Tx(msgspec.Struct):
    frequency: int = 0


class _Up(msgspec.Struct):
    deviceInfo: _Info
    time: str
    fCnt: int = 0
    fPort: int = 0
    data: bytes = b""
    rxInfo: list[_Rx] = []
    txInfo: _Tx = _Tx()
    dr: int = 0


_decode = msgspec.json.Decoder(_Up).decode
_TAIL = 'historical=f,late=f,time_source="server",decoder='


def _bin(p: bytes) -> str:
    distance = p[9] | p[10] << 8 if len(p) > 10 else 0
    return f'battery_level={p[2]}.0,device_temperature=20.5,distance={distance}.0,tilt_alarm=f,fill_level=50.0,fill_level_source="computed",{_TAIL}"milesight-em400-mud@1"'


def _soil(p: bytes) -> str:
    battery, probe, water, temperature, ec = struct.unpack_from(">HHHhH", p)
    return f'battery_voltage={battery / 1000},soil_moisture_vwc={water / 100},soil_temperature={temperature / 100},soil_ec={ec}.0,interrupt=f,{_TAIL}"dragino-lse01@1"'


def _trs(p: bytes) -> str:
    return f'soil_moisture_vwc=12.5,soil_permittivity=8.5,soil_temperature=11.5,soil_ec=120.0,battery_voltage=3.2,{_TAIL}"decentlab-dl-trs12@1"'


def _bay(p: bytes) -> str:
    return f'occupied={"t" if p[0] & 1 else "f"},event="periodic",occupancy_state="free",{_TAIL}"bosch-tps110@1"'


def _lpp(p: bytes) -> str:
    return f'air_temperature=12.5,relative_humidity=50.0,air_pressure=1013.0,{_TAIL}"cayenne-lpp@1"'


def lines_of(payload: bytes) -> str:
    """The two points of one uplink, with about the bytes that the service writes."""
    up = _decode(payload)
    from datetime import datetime

    ms = int(datetime.fromisoformat(up.time).timestamp() * 1000)
    p = up.data
    if up.fPort == 85:
        kind, values = "waste_bin", _bin(p)
    elif up.fPort == 2 and len(p) == 11:
        kind, values = "soil", _soil(p)
    elif p and p[0] == 2 and len(p) > 6:
        kind, values = "soil", _trs(p)
    elif len(p) < 3:
        kind, values = "parking_bay", _bay(p)
    else:
        kind, values = "weather", _lpp(p)
    tags = f"asset=bin-{up.deviceInfo.devEui[-6:]},dev_eui={up.deviceInfo.devEui},district=Old\\ Town,model=model,zone=market"
    best = max(up.rxInfo, key=lambda r: r.snr)
    return (
        f"{kind},{tags} {values} {ms}\n"
        f"uplink,{tags} f_cnt={up.fCnt}.0,f_port={up.fPort}.0,gateways={len(up.rxInfo)}.0,lag=0.1,late=f,"
        f'time_source="server",time_suspect=f,rssi={best.rssi},snr={best.snr},gateway="{best.gatewayId}",'
        f'data_rate="SF7BW125",frequency={up.txInfo.frequency}.0 {ms}\n'
    )


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
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        name = b"ceiling"
        body = b"\x00\x04MQTT\x04\x00\x00\x3c" + len(name).to_bytes(2, "big") + name
        transport.write(b"\x10" + bytes([len(body)]) + body)

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
