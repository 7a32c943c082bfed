"""The answers as OpenAPI tells them. Hot answers are encoded elsewhere; tests hold them against these models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", examples=["2026-03-29T01:30:00.000Z"])]
Value = bool | float | str
Kind = Literal["waste_bin", "soil", "valve", "weather", "parking_bay", "generic"]
DevEui = Annotated[
    str,
    Field(
        description="DevEUI, 16 lower-case hex digits; `application/device_id` for a device without one.",
        examples=["24e124713c141234"],
    ),
]


class Wire(BaseModel):
    """Nothing undocumented is sent."""

    model_config = ConfigDict(extra="forbid")


class AssetView(Wire):
    """The thing of the city that the device hangs on now."""

    id: str = Field(examples=["bin-0815"])
    name: str = Field(examples=["Bin at the fountain"])
    kind: Kind
    zone: str | None = Field(description="Zone id", examples=["plaza-north"])
    district: str | None = Field(description="The asset's, else its zone's", examples=["centre"])
    latitude: float | None = Field(description="Degrees, WGS 84", examples=[49.4875])
    longitude: float | None = Field(description="Degrees, WGS 84", examples=[8.466])


class RadioView(Wire):
    """How the newest frame was heard."""

    time: Time
    rssi: float | None = Field(description="dBm, at the gateway that heard it best", examples=[-97])
    snr: float | None = Field(description="dB", examples=[7.2])
    f_cnt: int | None = Field(description="Frame counter", examples=[1042])
    data_rate: str | None = Field(examples=["SF7BW125"])
    gateway: str | None = Field(description="The gateway that heard it best", examples=["0016c001f153a14c"])
    gateways: int = Field(description="How many heard it", examples=[2])


class DeviceView(Wire):
    """A device, where it hangs, and when it was last heard."""

    dev_eui: DevEui
    name: str = Field(examples=["EM400-MUD 12"])
    model: str = Field(examples=["Milesight EM400-MUD"])
    decoder: str = Field(description="Decoder id", examples=["milesight-em400-mud"])
    asset: AssetView | None
    last_seen: Time | None = Field(description="Time of the newest frame; null: never heard")
    radio: RadioView | None


class DevicePage(Wire):
    """Devices in the order of `dev_eui`."""

    items: list[DeviceView]
    next: str | None = Field(description="Pass it as `after` for the next page; null: this was the last one")


class LatestValueView(Wire):
    """The newest value of one quantity."""

    quantity: str = Field(examples=["fill_level"])
    channel: str = Field(
        description="Tells several sources of one quantity apart; empty for the only one", examples=[""]
    )
    value: Value | None = Field(description="null: the device told of a fault only, see quality", examples=[42.5])
    unit: str = Field(description="Empty for pure numbers, switches and words", examples=["%"])
    time: Time
    quality: str = Field(description="ok, or why the value is missing or doubtful", examples=["ok"])


class DeviceLatestView(Wire):
    """The newest values of one device and where it hangs now."""

    dev_eui: DevEui
    asset: str | None = Field(description="Asset id", examples=["bin-0815"])
    kind: Kind = Field(description="Kind of the asset; of the device where the asset is generic or there is none")
    district: str | None = Field(examples=["centre"])
    zone: str | None = Field(examples=["plaza-north"])
    values: list[LatestValueView]


class LatestPage(Wire):
    """Devices with their newest values in the order of `dev_eui`."""

    items: list[DeviceLatestView]
    next: str | None = Field(description="Pass it as `after` for the next page; null: this was the last one")


class Readings(Wire):
    """Readings in columns. With `every` a row is a window, labelled by its start."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "columns": ["time", "channel", "fill_level"],
                    "rows": [["2026-03-29T01:30:00.000Z", "", 42.5], ["2026-03-29T01:45:00.000Z", "", None]],
                    "units": {"fill_level": "%"},
                    "truncated": False,
                }
            ]
        },
    )

    columns: list[str] = Field(description="`time` (RFC 3339, UTC), `channel`, then the quantities as asked")
    rows: list[list[Value | None]] = Field(description="One value a column; null where there is none")
    units: dict[str, str] = Field(description="Unit by quantity; empty for pure numbers, switches and words")
    truncated: bool = Field(description="There are more rows than `limit`; ask again from where these end")


class QuantityView(Wire):
    """One word of the vocabulary."""

    name: str = Field(examples=["soil_moisture_vwc"])
    unit: str = Field(description="Empty for pure numbers, switches and words", examples=["%"])
    kind: Literal["float", "bool", "str"]
    low: float | None = Field(description="Lowest plausible value", examples=[-10])
    high: float | None = Field(description="Highest plausible value", examples=[100])
    meaning: str = Field(examples=["volumetric water content; slightly negative in air"])
    domain: Literal["all", "waste", "soil", "irrigation", "weather", "parking", "generic"]


class QuantityList(Wire):
    """Every quantity that readings may have."""

    items: list[QuantityView]


class DomainEventView(Wire):
    """Something that happened to an asset. Later data may revise it under the same id, or withdraw it."""

    id: str = Field(examples=["emptied:bin-0815:1774785600000"])
    kind: str = Field(examples=["emptied"])
    asset: str = Field(examples=["bin-0815"])
    start: Time
    end: Time | None = Field(description="null: at one moment, or still going on")
    ongoing: bool
    confidence: float = Field(ge=0, le=1, examples=[0.9])
    values: dict[str, Value | None] = Field(description="What the detector knows about it", examples=[{"level": 12.5}])
    detector: str = Field(description="name@version", examples=["waste@1"])
    revision: int = Field(description="1 for the first version; rises with every change", examples=[1])
    withdrawn: bool = Field(description="Later data showed that it did not happen")
    updated: Time


class DomainEventPage(Wire):
    """Events, the newest first by `start`."""

    items: list[DomainEventView]
    next: str | None = Field(description="Pass it as `after` for the next page; null: this was the last one")


class ParkingPlan(Wire):
    """Zones with parking bays: free spaces, how sure, forecast, overstays, sensors not to be believed."""

    evaluated: Time = Field(description="The time for which all this holds")
    zones: list[dict[str, Any]]


class CollectionPlan(Wire):
    """Bins worth a visit by district with the reasons, bins that nothing is known of, and the rounds."""

    evaluated: Time = Field(description="The time for which all this holds")
    bins: int = Field(description="All bins that were looked at", examples=[1200])
    districts: dict[str, list[dict[str, Any]]]
    unknown: list[dict[str, Any]]
    route: dict[str, Any] | None = Field(description="null without a depot")


class WateringPlan(Wire):
    """Litres for each tree and bed, the most urgent first; runs of valves; tours of tankers."""

    evaluated: Time = Field(description="The time for which all this holds")
    needs: list[dict[str, Any]]
    valve_runs: list[dict[str, Any]]
    tanker: dict[str, Any] | None = Field(description="null without a depot")


class ReportBody(Wire):
    """What a person saw or did at an asset."""

    kind: Literal["emptied", "watered"]
    at: Time | None = Field(default=None, description="When; default: now. RFC 3339 with an offset or Z.")
    level: float | None = Field(default=None, ge=0, le=100, description="Fill level found, %", examples=[40])
    litres: float | None = Field(default=None, ge=0, le=100_000, description="Water given, L", examples=[100])


class CheckView(Wire):
    """One verdict about one part."""

    name: str = Field(examples=["journal"])
    status: Literal["ok", "warning", "failing"]
    detail: str = Field(examples=[""])


class Ready(Wire):
    """Whether the service does its work, and each part's verdict."""

    status: Literal["ok", "degraded", "failing"]
    version: str = Field(examples=["0.1.0"])
    checks: list[CheckView]


class Live(Wire):
    """The process answers."""

    status: Literal["ok"]


class Accepted(Wire):
    """The message is on disk."""

    accepted: Literal[True]


class ParameterError(Wire):
    """What is wrong with one parameter."""

    parameter: str = Field(examples=["limit"])
    detail: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(Wire):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Kind of problem; the page explains it", examples=["/docs#invalid-parameter"])
    title: str = Field(examples=["A parameter is invalid"])
    status: int = Field(description="HTTP status", examples=[422])
    detail: str = Field(description="What is wrong with this request", examples=["limit: must be at least 1"])
    fix: str = Field(description="What to change", examples=["Correct the parameter named in the detail."])
    errors: list[ParameterError] = Field(default=[], description="By parameter, where more than one may be wrong")
