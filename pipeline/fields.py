"""Every field that a record may have, with its one type: the vocabulary's quantities, and what describes the record."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from decoders.vocabulary import QUANTITIES

FieldKind = Literal["float", "bool", "str"]

ABOUT_RECORD: Mapping[str, FieldKind] = MappingProxyType(
    {
        "quality": "str",  # "distance=blind_zone soil_ec=sensor_error"; absent when all is well
        "historical": "bool",  # from the device's own log, a retained or a backfilled message
        "late": "bool",  # received more than five minutes after its event time
        "time_source": "str",
        "decoder": "str",  # id@version
    }
)
ABOUT_UPLINK: Mapping[str, FieldKind] = MappingProxyType(
    {
        "f_cnt": "float",
        "f_port": "float",
        "rssi": "float",  # dBm, of the gateway that heard it best
        "snr": "float",  # dB
        "gateways": "float",  # how many heard it
        "gateway": "str",  # id of the one that heard it best
        "data_rate": "str",
        "frequency": "float",  # Hz
        "lag": "float",  # s from event time to reception
        "time_suspect": "bool",
    }
)
ABOUT_HEALTH: Mapping[str, FieldKind] = MappingProxyType(
    {
        "radio_margin": "float",  # dB, from the LoRaWAN device status
        "external_power": "bool",
    }
)
FIELDS: Mapping[str, FieldKind] = MappingProxyType(
    {name: quantity.kind for name, quantity in QUANTITIES.items()}
    | dict(ABOUT_RECORD)
    | dict(ABOUT_UPLINK)
    | dict(ABOUT_HEALTH)
)
