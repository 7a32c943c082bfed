"""Reproducible damage to messages of network servers: parsing must end in events or an EnvelopeError."""

from collections.abc import Callable
from random import Random

_NASTY = (
    b"null", b"-1", b"1e400", b"NaN", b'"\\ud800"', b"[]", b"{}", b"true", b'""', b"[[[[", b'{"a":' * 60, b"9" * 400,
    b"-0.0", b"99999999999999999999", b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59.999999999-23:59"', b'"1e308"',
    b"\xff\xfe", b'"deviceInfo"', b'"rxInfo":[null,1,"x"]', b"\x00", b'"\xc2\xb2"', b"4294967296", b'"1_0"',
)  # fmt: skip


def _flip(rng: Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _cut(rng: Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(rng: Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randint(1, 40)]


def _double(rng: Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.randint(1, 60)]


def _insert(rng: Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = rng.choice(_NASTY)


def _replace_value(rng: Random, data: bytearray) -> None:
    """Another value behind a colon: still JSON, but not what was promised."""
    colons = [index for index, byte in enumerate(data) if byte == 0x3A]
    if not colons:
        return _insert(rng, data)
    start = rng.choice(colons) + 1
    end = min((at for at in (data.find(b",", start), data.find(b"}", start)) if at >= 0), default=len(data))
    data[start:end] = rng.choice(_NASTY)
    return None


def _swap_names(rng: Random, data: bytearray) -> None:
    """One name becomes another one of the message, so that fields appear doubled or at the wrong place."""
    names = [part for part in bytes(data).split(b'"')[1::2] if 0 < len(part) < 30]
    if len(names) >= 2:
        old, new = rng.sample(names, 2)
        data[:] = bytes(data).replace(b'"' + old + b'"', b'"' + new + b'"', 1)


_WAYS: tuple[Callable[[Random, bytearray], None], ...] = (
    _flip, _cut, _remove, _double, _insert, _replace_value, _replace_value, _replace_value, _swap_names, _swap_names,
)  # fmt: skip


def mutate(rng: Random, sample: bytes) -> bytes:
    """A damaged copy of `sample`: one to three random injuries."""
    data = bytearray(sample)
    for _ in range(rng.randint(1, 3)):
        if data:
            rng.choice(_WAYS)(rng, data)
    return bytes(data)
