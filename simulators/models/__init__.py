"""The models of the simulated city: how often each speaks, and what it says of what it sees (keys of the encoder)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulators.fleet import AssetKind
from simulators.models.parking import bosch, libelium, moko, nwave_310, nwave_405, placepod, tekzipark
from simulators.models.soil import em500, lse01, sensecap_soil, smtp, teneo_soil, trs11, trs12, trs21
from simulators.models.valve import strega, uc51x, wilsen_valve
from simulators.models.waste import (
    dc41x,
    df70x,
    dl_mbx,
    elt,
    em310,
    em400,
    enginko,
    ldds75,
    lds12,
    sensoneo,
    sonic_distance,
    sonic_level,
    teneo_fill,
    vega,
)  # fmt: skip
from simulators.models.weather import atm41, rain_gauge, s2120, wsc1, wts506
from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]

MINUTE_S, HOUR_S = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `period_s` between its reports (a parking sensor's heartbeats); `joins` when it starts anew."""

    decoder: str
    name: str
    kind: AssetKind
    period_s: float
    says: Callable[[Seen], Values]
    at_once: tuple[str, ...] = ()
    """Quantities whose change it reports at once; `distance` is none of them."""
    levels: int = 1
    """Probes on one cable, one below the other."""


def _waste() -> tuple[Model, ...]:
    def model(decoder: str, name: str, minutes: float, says: Callable[[Seen], Values], *at_once: str) -> Model:
        return Model(decoder, name, "waste_bin", minutes * MINUTE_S, says, at_once)

    return (
        model("milesight-em400-mud", "Milesight EM400-MUD", 60, em400, "tilt_alarm", "fire_alarm"),
        model("dingtek-df702", "DingTek DF702", 60, df70x, "tilt_alarm", "fire_alarm"),
        model("dragino-ldds75", "Dragino LDDS75", 60, ldds75),
        model("pepperl-fuchs-wilsen-sonic-level", "Pepperl+Fuchs WILSEN.sonic.level", 60, sonic_level),
        model("decentlab-dl-mbx", "Decentlab DL-MBX", 30, dl_mbx),
        model("milesight-em310-udl", "Milesight EM310-UDL", 60, em310, "tilt_alarm"),
        model("sensoneo-single-sensor", "Sensoneo Single Sensor", 120, sensoneo, "tilt_alarm", "fire_alarm"),
        model("vega-vegapuls-air", "VEGA VEGAPULS Air", 60, vega),
        model("teneo-iot-filling-degree", "Teneo IoT filling degree", 60, teneo_fill),
        model("dingtek-df703", "DingTek DF703", 60, df70x, "tilt_alarm", "fire_alarm"),
        model("milesight-em400-tld", "Milesight EM400-TLD", 60, em400, "tilt_alarm", "fire_alarm"),
        model("elsys-elt", "ELSYS ELT-2", 60, elt),
        model("dragino-lds12", "Dragino LDS12-LB", 60, lds12),
        model("pepperl-fuchs-wilsen-sonic-distance", "Pepperl+Fuchs WILSEN.sonic.distance", 120, sonic_distance),
        model("milesight-em400-udl", "Milesight EM400-UDL", 60, em400, "tilt_alarm", "fire_alarm"),
        model("dingtek-dc410", "DingTek DC410", 60, dc41x, "tilt_alarm"),
        model("enginko-level", "enginko level sensor", 60, enginko),
    )


def _soil() -> tuple[Model, ...]:
    def model(decoder: str, name: str, hours: float, says: Callable[[Seen], Values], levels: int = 1) -> Model:
        return Model(decoder, name, "soil", hours * HOUR_S, says, levels=levels)

    return (
        model("dragino-lse01", "Dragino LSE01", 1, lse01),
        model("decentlab-dl-trs12", "Decentlab DL-TRS12", 1, trs12),
        model("decentlab-dl-smtp", "Decentlab DL-SMTP", 2, smtp, 3),
        model("decentlab-dl-trs21", "Decentlab DL-TRS21", 1, trs21),
        model("milesight-em500-smtc", "Milesight EM500-SMTC", 1, em500),
        model("sensecap-s210x", "SenseCAP S2105", 1, sensecap_soil),
        model("teneo-iot-soil-moisture", "Teneo IoT soil moisture", 1, teneo_soil),
        model("decentlab-dl-trs11", "Decentlab DL-TRS11", 1, trs11),
    )


def _valves() -> tuple[Model, ...]:
    def model(decoder: str, name: str, says: Callable[[Seen], Values], *more: str) -> Model:
        return Model(decoder, name, "valve", 30 * MINUTE_S, says, ("valve_state", *more))

    return (
        model("milesight-uc511", "Milesight UC511", uc51x),
        model("strega-smart-valve", "STREGA Smart Valve", strega, "leak_alarm"),
        model("milesight-uc512", "Milesight UC512", uc51x),
        model("pepperl-fuchs-wilsen-valve", "Pepperl+Fuchs WILSEN.valve", wilsen_valve),
    )


def _weather() -> tuple[Model, ...]:
    def model(decoder: str, name: str, says: Callable[[Seen], Values]) -> Model:
        return Model(decoder, name, "weather", 10 * MINUTE_S, says)

    return (
        model("decentlab-dl-atm41", "Decentlab DL-ATM41", atm41),
        model("decentlab-dl-tbrg", "Decentlab DL-TBRG", rain_gauge),
        model("milesight-wts506", "Milesight WTS506", wts506),
        model("sensecap-s2120", "SenseCAP S2120", s2120),
        model("dragino-wsc1-l", "Dragino WSC1-L", wsc1),
    )


def _parking() -> tuple[Model, ...]:
    def model(decoder: str, name: str, hours: float, says: Callable[[Seen], Values]) -> Model:
        return Model(decoder, name, "parking_bay", hours * HOUR_S, says, ("occupied",))

    return (
        model("bosch-tps110", "Bosch TPS110", 24, bosch),
        model("nwave-nps310sm", "Nwave NPS310SM", 4, nwave_310),
        model("pni-placepod", "PNI PlacePod", 1, placepod),
        model("tekzitel-tekzipark", "Tekzitel TekZiPark", 2, tekzipark),
        model("nwave-nps405", "Nwave NPS405", 4, nwave_405),
        model("libelium-parking-v2", "Libelium Smart Parking v2", 8, libelium),
        model("moko-lw009-sm", "MOKO LW009-SM", 6, moko),
    )


MODELS: Mapping[str, Model] = MappingProxyType(
    {m.decoder: m for m in (*_waste(), *_soil(), *_valves(), *_weather(), *_parking())}
)
"""Every model by decoder id, the commonest of its kind first."""


def of_kind(kind: AssetKind) -> tuple[Model, ...]:
    """The models for one kind of asset."""
    return tuple(model for model in MODELS.values() if model.kind == kind)
