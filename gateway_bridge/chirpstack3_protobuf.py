"""Field numbers of ChirpStack v3's events. Source: brocaar/chirpstack-api v3, `protobuf/as/integration` and `gw`."""

from gateway_bridge.protobuf import STRING_MAP, Field, Table

_LOCATION: Table = {1: Field("latitude", "double"), 2: Field("longitude", "double"), 3: Field("altitude", "double")}
_RX_INFO: Table = {
    1: Field("gatewayID", "bytes"),
    2: Field("time", "time"),
    5: Field("rssi", "int"),
    6: Field("loRaSNR", "double"),
    11: Field("location", "message", _LOCATION),
}
_TX_INFO: Table = {
    1: Field("frequency", "uint"),
    2: Field("modulation", "enum", words=("LORA", "FSK", "LR_FHSS")),
    3: Field("loRaModulationInfo", "message", {1: Field("bandwidth", "uint"), 2: Field("spreadingFactor", "uint")}),
    4: Field("fskModulationInfo", "message", {1: Field("frequencyDeviation", "uint"), 2: Field("datarate", "uint")}),
    5: Field("lrFHSSModulationInfo", "message", {1: Field("operatingChannelWidth", "uint")}),
}
_ERROR_TYPES = (
    "UNKNOWN", "DOWNLINK_PAYLOAD_SIZE", "DOWNLINK_FCNT", "UPLINK_CODEC", "DOWNLINK_CODEC", "OTAA", "UPLINK_FCNT_RESET",
    "UPLINK_MIC", "UPLINK_FCNT_RETRANSMISSION", "DOWNLINK_GATEWAY",
)  # fmt: skip
_HEAD = {
    1: Field("applicationID", "uint"),
    2: Field("applicationName"),
    3: Field("deviceName"),
    4: Field("devEUI", "bytes"),
}


def _tags(number: int) -> dict[int, Field]:
    return {number: Field("tags", "map", STRING_MAP)}


EVENTS: dict[str, Table] = {
    "up": {
        **_HEAD,
        5: Field("rxInfo", "message", _RX_INFO, repeated=True),
        6: Field("txInfo", "message", _TX_INFO),
        7: Field("adr", "bool"),
        8: Field("dr", "uint"),
        9: Field("fCnt", "uint"),
        10: Field("fPort", "uint"),
        11: Field("data", "bytes"),
        12: Field("objectJSON"),
        **_tags(13),
        14: Field("confirmedUplink", "bool"),
        15: Field("devAddr", "bytes"),
        16: Field("publishedAt", "time"),
        17: Field("deviceProfileID"),
        18: Field("deviceProfileName"),
    },
    "join": {
        **_HEAD,
        5: Field("devAddr", "bytes"),
        6: Field("rxInfo", "message", _RX_INFO, repeated=True),
        7: Field("txInfo", "message", _TX_INFO),
        8: Field("dr", "uint"),
        **_tags(9),
        10: Field("publishedAt", "time"),
    },
    "ack": {
        **_HEAD,
        5: Field("acknowledged", "bool"),
        6: Field("fCnt", "uint"),
        **_tags(7),
        8: Field("publishedAt", "time"),
    },
    "txack": {
        **_HEAD,
        5: Field("fCnt", "uint"),
        **_tags(6),
        7: Field("gatewayID", "bytes"),
        9: Field("publishedAt", "time"),
    },
    "error": {
        **_HEAD,
        5: Field("type", "enum", words=_ERROR_TYPES),
        6: Field("error"),
        7: Field("fCnt", "uint"),
        **_tags(8),
        9: Field("publishedAt", "time"),
    },
    "status": {
        **_HEAD,
        5: Field("margin", "int"),
        6: Field("externalPowerSource", "bool"),
        7: Field("batteryLevelUnavailable", "bool"),
        8: Field("batteryLevel", "float"),
        **_tags(9),
        10: Field("publishedAt", "time"),
    },
    "location": {
        **_HEAD,
        5: Field("location", "message", _LOCATION),
        **_tags(6),
        8: Field("fCnt", "uint"),
        9: Field("publishedAt", "time"),
    },
}
