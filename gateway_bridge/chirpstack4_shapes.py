"""Shapes of ChirpStack v4's JSON events, as far as we read them; defaults are protobuf's zeros, which v4.0 omits.

Source: chirpstack `api/proto/integration/integration.proto` and `gw/gw.proto`, version 4.20.
"""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

Uint = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
Int = Annotated[int, Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
Port = Annotated[int, Meta(ge=0, le=255)]


class Shape(Struct, rename="camel", gc=False):
    """A message: camelCase names, every field may be left out or null."""


class DeviceInfo(Shape):
    """Who sent it."""

    application_name: str | None = None
    application_id: str | None = None
    device_profile_name: str | None = None
    device_name: str | None = None
    dev_eui: str | None = None
    tags: dict[str, str] | None = None


class Place(Shape):
    """Degrees and metres."""

    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


class Metadata(Struct, gc=False):
    """Helium writes the gateway's place as text into the metadata."""

    gateway_lat: str | None = None
    gateway_long: str | None = None


class RxInfo(Shape):
    """One gateway's reception; before 4.6 `time` stood for the two times."""

    gateway_id: str | None = None
    gw_time: str | None = None
    ns_time: str | None = None
    time: str | None = None
    rssi: float | None = None
    snr: float | None = None
    location: Place | None = None
    metadata: Metadata | None = None


class Lora(Shape):
    """Hz."""

    bandwidth: Uint | None = None
    spreading_factor: Uint | None = None


class Fsk(Shape):
    """Bit/s."""

    datarate: Uint | None = None


class LrFhss(Shape):
    """Hz."""

    operating_channel_width: Uint | None = None


class Modulation(Shape):
    """Exactly one is there."""

    lora: Lora | None = None
    fsk: Fsk | None = None
    lr_fhss: LrFhss | None = None


class TxInfo(Shape):
    """Frequency in Hz."""

    frequency: Uint | None = None
    modulation: Modulation | None = None


class Frame(Shape):
    """What of an uplink is different each time."""

    deduplication_id: str | None = None
    time: str | None = None
    dev_addr: str | None = None
    dr: Uint | None = None
    f_cnt: Uint | None = None
    f_port: Port | None = None
    confirmed: bool | None = None
    data: str | None = None
    object: Any = None
    rx_info: list[RxInfo] | None = None
    join_server_context: Any = None


class Up(Frame):
    """An uplink."""

    device_info: DeviceInfo | None = None
    tx_info: TxInfo | None = None


class RawUp(Frame):
    """An uplink whose parts that hardly change are left as text: a device and a channel send the same each time."""

    device_info: Raw = Raw()
    tx_info: Raw = Raw()


class Other(Shape):
    """Every event besides `up`: their fields don't clash."""

    device_info: DeviceInfo | None = None
    deduplication_id: str | None = None
    time: str | None = None
    dev_addr: str | None = None
    queue_item_id: str | None = None
    acknowledged: bool | None = None
    f_cnt_down: Uint | None = None
    downlink_id: Uint | None = None
    gateway_id: str | None = None
    tx_info: TxInfo | None = None
    level: str | Uint | None = None
    code: str | Uint | None = None
    description: str | None = None
    context: dict[str, str] | None = None
    margin: Int | None = None
    external_power_source: bool | None = None
    battery_level_unavailable: bool | None = None
    battery_level: float | None = None
    location: Place | None = None


class Outline(Struct, rename="camel"):
    """Just enough to tell an event from another where the topic doesn't say."""

    dev_eui: Any = None
    device_info: Any = None
    rx_info: Any = None
    f_cnt: Any = None
    data: Any = None
    margin: Any = None
    battery_level: Any = None
    level: Any = None
    code: Any = None
    acknowledged: Any = None
    downlink_id: Any = None
    location: Any = None
    dev_addr: Any = None
    integration_name: Any = None
