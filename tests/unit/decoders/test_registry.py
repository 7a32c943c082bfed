"""The registry finds every device by itself and refuses what can't be right."""

from pathlib import Path

import pytest

import decoders.devices
from decoders.device import Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.registry import by_id, decode, devices, encode, kind, label
from decoders.source import EncodeError, u8
from decoders.value import DecodeError
from decoders.vocabulary import QUANTITIES

TOY = Device("toy", "one", name="Toy One", kind="generic", ports={1: Layout((Field("battery_level", u8(0)),))})


def test_every_file_is_a_device_with_its_own_name() -> None:
    """The id is the file's name, so that a device is found where one looks for it."""
    files = {path.stem.replace("_", "-") for path in Path(decoders.devices.__path__[0]).glob("[a-z]*.py")}
    assert set(devices()) == files
    assert {"milesight-em400-mud", "dragino-lse01", "bosch-tps110", "decentlab-dl-trs12", "cayenne-lpp"} <= files


def test_doubled_id_is_an_error() -> None:
    """Two devices of one id can't both be meant."""
    with pytest.raises(ValueError, match="toy-one already"):
        by_id([("a", TOY), ("b", TOY)])


def test_module_without_device_is_an_error() -> None:
    """A forgotten DEVICE must not vanish silently."""
    with pytest.raises(TypeError, match="a has no DEVICE"):
        by_id([("a", None)])


def test_unknown_device_is_a_decode_error() -> None:
    """A decoder that doesn't exist is a reason for quarantine, not a crash."""
    for call in (lambda: decode("nobody", 1, b"\x01", 0), lambda: encode("nobody", {}), lambda: label("nobody")):
        with pytest.raises(DecodeError, match="unknown_device"):
            call()


def test_label_and_kind() -> None:
    """Records name the decoder with its version; the kind is the measurement."""
    assert label("dragino-lse01") == "dragino-lse01@2"
    assert kind("dragino-lse01") == "soil"


def test_encoding_something_without_a_place_names_it() -> None:
    """A value that a format can't carry is an error that says which."""
    with pytest.raises(EncodeError, match="soil_moisture_vwc"):
        encode("milesight-em400-mud", {"distance": 1000.0, "soil_moisture_vwc": 3.0})
    with pytest.raises(EncodeError, match="70000"):
        encode("milesight-em400-mud", {"distance": 70_000.0})
    with pytest.raises(EncodeError, match="no value"):
        encode("milesight-em400-mud", {"distance": 0.0})


def test_vocabulary_has_no_time_and_sound_ranges() -> None:
    """`time` is a column of every store; a range has its ends in order; only numbers have units and ranges."""
    assert "time" not in QUANTITIES
    for name, quantity in QUANTITIES.items():
        assert name == quantity.name and quantity.meaning
        if quantity.kind == "float":
            assert quantity.low is None or quantity.high is None or quantity.low < quantity.high
        else:
            assert (quantity.unit, quantity.low, quantity.high) == ("", None, None)
