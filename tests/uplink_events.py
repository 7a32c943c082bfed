"""Uplink events and placements for unit tests, with everything a test doesn't care about filled in."""

from typing import Any

from gateway_bridge.uplink import NetworkEvent, UplinkEvent
from pipeline.inventory import Asset, Container, Device, Placement
from pipeline.reading import Tags

NOW = 1_780_000_000_000
EUI = "24e124713d000001"
TUB = Container(height_mm=1000, blind_zone_mm=200)


def uplink(f_cnt: int | None = 1, **changes: Any) -> UplinkEvent:
    """A plain uplink heard half a second after `NOW`."""
    values: dict[str, Any] = {
        "lns": "chirpstack4", "dev_eui": EUI, "device_key": EUI, "dev_addr": "01020304", "session_id": "01020304",
        "f_cnt": f_cnt, "f_port": 85, "payload": b"\x01", "encrypted": False, "decoded": None, "confirmed": False,
        "data_rate": "SF7BW125", "frequency_hz": 868_100_000, "gateways": (), "event_ms": NOW, "time_source": "server",
        "time_suspect": False, "server_ms": NOW, "received_ms": NOW + 500, **changes,
    }  # fmt: skip
    return UplinkEvent(**values)


def status(**values: Any) -> NetworkEvent:
    """A device status event."""
    return NetworkEvent(
        "status", "chirpstack4", "status", NOW + 500, NOW, "server", dev_eui=EUI, device_key=EUI, values=values
    )


def placement(
    asset: str = "bin-1", container: Container | None = None, decoder: str = "milesight-em400-mud"
) -> Placement:
    """The device on an asset."""
    device = Device(EUI, decoder=decoder)
    thing = Asset(asset, kind="waste_bin", container=container)
    return Placement(device, thing, Tags(EUI, asset=asset, model=decoder), decoder, container)
