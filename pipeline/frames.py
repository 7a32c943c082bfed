"""Which frames were seen: duplicates are dropped only because their first copy lies earlier in the journal.

All memory of a device hangs on its key, bounded in frames and age. It changes only by what `admit` and `admit_join` are
told in journal order, so a restart that loads what was committed goes on exactly where it was.
"""

import hashlib
from array import array
from collections.abc import Iterable
from struct import Struct as Layout
from sys import byteorder
from zlib import crc32

from gateway_bridge.uplink import UplinkEvent

_ENTRY = Layout("<QQqq")  # device, frame, assigned time ms, server time ms (-1: none, -2: a join)
_NO_SERVER_TIME = -1
_JOIN = -2
TWO_FRAMES_MS = 10 * 60 * 1000
_MOVED_MS = 1000  # by less than this a frame was moved on out of an occupied millisecond


class _Device:
    __slots__ = ("frames", "joined", "newest_ms", "servers", "times")

    def __init__(self) -> None:
        self.joined = 0  # frames before this index belong to sessions before the last join
        self.newest_ms = 0
        self.frames = array("Q")
        self.times = array("q")
        self.servers = array("q")

    def add(self, frame: int, time_ms: int, server_ms: int, keep: int, max_age_ms: int) -> None:
        self.frames.append(frame)
        self.times.append(time_ms)
        self.servers.append(server_ms)
        self.newest_ms = max(self.newest_ms, time_ms)
        while len(self.frames) > keep or self.times[0] < time_ms - max_age_ms:
            del self.frames[0], self.times[0], self.servers[0]
            self.joined = max(0, self.joined - 1)
        if server_ms == _JOIN:
            self.joined = len(self.frames)

    def knows(self, frame: int) -> bool:
        """Whether the frame is among those kept. Looked for as bytes first: nearly every frame is new, and comparing
        numbers would make an object of each one kept."""
        return frame.to_bytes(8, byteorder) in self.frames.tobytes() and frame in self.frames


def device_number(device_key: str) -> int:
    """The device as 64 bits: its EUI, or a hash of `application/device_id`."""
    if len(device_key) == 16:
        try:
            return int(device_key, 16)
        except ValueError:
            pass
    return int.from_bytes(hashlib.blake2b(device_key.encode(), digest_size=8).digest(), "little")


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def frame_number(event: UplinkEvent) -> int:
    """The frame's identity within its device as 64 bits: the counter, and a checksum of session, port and payload.
    Without a counter a hash of the server's event id, or of the time."""
    if event.f_cnt is None:
        return _digest(f"{event.event_id or event.event_ms}|{event.f_port}|".encode() + event.payload)
    rest = crc32(event.payload, crc32(event.session_id.encode(), event.f_port))
    return (event.f_cnt & 0xFFFFFFFF) << 32 | rest


class FrameMemory:
    """Recent frames of every device: `per_device` of at most `max_age_ms`, for at most `max_devices` devices."""

    def __init__(self, per_device: int = 256, max_age_ms: int = 86_400_000, max_devices: int = 200_000) -> None:
        self._keep = per_device
        self._max_age_ms = max_age_ms
        self._max_devices = max_devices
        self._devices: dict[int, _Device] = {}
        self._fresh: list[bytes] = []
        self.newest_ms = 0

    def admit(self, event: UplinkEvent, redelivered: bool = False) -> int | None:
        """The time to store the frame under, Unix ms, or None for a duplicate.

        The time is the event's, moved on by 1 ms while another frame of the device has it. Equal frames whose server
        times differ by more than 10 minutes are two frames, unless one is a retained or backfilled copy. Where the key
        names no session, frames from before the last join count only against a copy that the broker marked as
        delivered again.
        """
        number = device_number(event.device_key)
        frame = frame_number(event)
        device = self._device(number)
        if device.knows(frame) and not self._is_another(device, frame, event, redelivered):
            return None
        time_ms = event.event_ms
        if time_ms <= device.newest_ms:
            while time_ms in device.times:
                time_ms += 1
        self._learn(number, device, frame, time_ms, _NO_SERVER_TIME if event.server_ms is None else event.server_ms)
        return time_ms

    def _is_another(self, device: _Device, frame: int, event: UplinkEvent, redelivered: bool) -> bool:
        first = 0 if event.session_id or redelivered else device.joined
        known = [s for f, s in zip(device.frames[first:], device.servers[first:], strict=True) if f == frame]
        if event.retained or event.backfilled or event.server_ms is None:
            return not known
        return all(server_ms >= 0 and abs(server_ms - event.server_ms) > TWO_FRAMES_MS for server_ms in known)

    def admit_join(self, device_key: str, event_id: str, event_ms: int) -> bool:
        """The device has joined: its counters start again, so equal keys are new frames. False for a copy of a known
        join."""
        number = device_number(device_key)
        device = self._device(number)
        frame = _digest(f"join|{event_id or event_ms}".encode())
        if device.knows(frame):
            return False
        self._learn(number, device, frame, event_ms, _JOIN)
        return True

    def _learn(self, number: int, device: _Device, frame: int, time_ms: int, server_ms: int) -> None:
        device.add(frame, time_ms, server_ms, self._keep, self._max_age_ms)
        self._fresh.append(_ENTRY.pack(number, frame, time_ms, server_ms))
        self.newest_ms = max(self.newest_ms, time_ms)

    def _device(self, number: int) -> _Device:
        device = self._devices.get(number)
        if device is None:
            if len(self._devices) >= self._max_devices:
                del self._devices[next(iter(self._devices))]
            device = self._devices[number] = _Device()
        return device

    def assigned_ms(self, event: UplinkEvent) -> int | None:
        """The time under which a frame that was admitted is stored, Unix ms; None when it is not remembered."""
        device = self._devices.get(device_number(event.device_key))
        if device is None:
            return None
        frame = frame_number(event)
        moved = range(event.event_ms, event.event_ms + _MOVED_MS)
        return min(
            (t for f, t in zip(device.frames, device.times, strict=True) if f == frame and t in moved), default=None
        )

    def take_fresh(self) -> bytes:
        """What was learned since the last call, to be committed with the cursor."""
        body = b"".join(self._fresh)
        self._fresh.clear()
        return body

    def load(self, bodies: Iterable[bytes]) -> None:
        """Learn again what earlier calls of `take_fresh` gave, in their order."""
        for body in bodies:
            for number, frame, time_ms, server_ms in _ENTRY.iter_unpack(body):
                self._device(number).add(frame, time_ms, server_ms, self._keep, self._max_age_ms)
                self.newest_ms = max(self.newest_ms, time_ms)


class RecalledFrames(FrameMemory):
    """For frames that were admitted before, out of quarantine: each gets the time that it was given then.

    Those that `known` has forgotten are admitted among themselves, and none is dropped: what lies in quarantine is no
    duplicate, or the very same message, whose records replace themselves.
    """

    def __init__(self, known: FrameMemory) -> None:
        super().__init__()
        self._known = known

    def admit(self, event: UplinkEvent, redelivered: bool = False) -> int | None:
        """The frame's time; never None."""
        time_ms = self._known.assigned_ms(event)
        if time_ms is None:
            time_ms = super().admit(event, redelivered)
        if time_ms is None:
            time_ms = self.assigned_ms(event)
        return event.event_ms if time_ms is None else time_ms
