"""Field numbers of ChirpStack v4's events. Source: chirpstack `api/proto/integration` and `gw`, version 4.20."""

from gateway_bridge.protobuf import COUNT_MAP, FREQUENCY_MAP, STRING_MAP, Field, Table

LOG_CODES = (
    "UNKNOWN", "DOWNLINK_PAYLOAD_SIZE", "UPLINK_CODEC", "DOWNLINK_CODEC", "OTAA", "UPLINK_F_CNT_RESET", "UPLINK_MIC",
    "UPLINK_F_CNT_RETRANSMISSION", "DOWNLINK_GATEWAY", "RELAY_NEW_END_DEVICE", "F_CNT_DOWN", "EXPIRED",
)  # fmt: skip
_LEVELS = ("INFO", "WARNING", "ERROR")

_DEVICE_INFO: Table = {
    1: Field("tenantId"),
    2: Field("tenantName"),
    3: Field("applicationId"),
    4: Field("applicationName"),
    5: Field("deviceProfileId"),
    6: Field("deviceProfileName"),
    7: Field("deviceName"),
    8: Field("devEui"),
    9: Field("tags", "map", STRING_MAP),
    10: Field("deviceClassEnabled", "enum", words=("CLASS_A", "CLASS_B", "CLASS_C")),
}
LOCATION: Table = {1: Field("latitude", "double"), 2: Field("longitude", "double"), 3: Field("altitude", "double")}
_RX_INFO: Table = {
    1: Field("gatewayId"),
    2: Field("uplinkId", "uint"),
    3: Field("gwTime", "time"),
    6: Field("rssi", "int"),
    7: Field("snr", "float"),
    12: Field("location", "message", LOCATION),
    15: Field("metadata", "map", STRING_MAP),
    17: Field("nsTime", "time"),
}
_MODULATION: Table = {
    3: Field("lora", "message", {1: Field("bandwidth", "uint"), 2: Field("spreadingFactor", "uint")}),
    4: Field("fsk", "message", {1: Field("frequencyDeviation", "uint"), 2: Field("datarate", "uint")}),
    5: Field("lrFhss", "message", {1: Field("operatingChannelWidth", "uint")}),
}
_TX_INFO: Table = {1: Field("frequency", "uint"), 2: Field("modulation", "message", _MODULATION)}
_DOWNLINK_TX_INFO: Table = {1: Field("frequency", "uint"), 3: Field("modulation", "message", _MODULATION)}
_HEAD = {
    1: Field("deduplicationId"),
    2: Field("time", "time"),
    3: Field("deviceInfo", "message", _DEVICE_INFO),
}

EVENTS: dict[str, Table] = {
    "up": {
        **_HEAD,
        4: Field("devAddr"),
        5: Field("adr", "bool"),
        6: Field("dr", "uint"),
        7: Field("fCnt", "uint"),
        8: Field("fPort", "uint"),
        9: Field("confirmed", "bool"),
        10: Field("data", "bytes"),
        11: Field("object", "struct"),
        12: Field("rxInfo", "message", _RX_INFO, repeated=True),
        13: Field("txInfo", "message", _TX_INFO),
        15: Field("joinServerContext", "message", {1: Field("sessionKeyId")}),
        16: Field("regionConfigId"),
    },
    "join": {**_HEAD, 4: Field("devAddr")},
    "ack": {
        **_HEAD,
        4: Field("queueItemId"),
        5: Field("acknowledged", "bool"),
        6: Field("fCntDown", "uint"),
    },
    "txack": {
        1: Field("downlinkId", "uint"),
        2: Field("time", "time"),
        3: Field("deviceInfo", "message", _DEVICE_INFO),
        4: Field("queueItemId"),
        5: Field("fCntDown", "uint"),
        6: Field("gatewayId"),
        7: Field("txInfo", "message", _DOWNLINK_TX_INFO),
    },
    "log": {
        1: Field("time", "time"),
        2: Field("deviceInfo", "message", _DEVICE_INFO),
        3: Field("level", "enum", words=_LEVELS),
        4: Field("code", "enum", words=LOG_CODES),
        5: Field("description"),
        6: Field("context", "map", STRING_MAP),
    },
    "status": {
        **_HEAD,
        5: Field("margin", "int"),
        6: Field("externalPowerSource", "bool"),
        7: Field("batteryLevelUnavailable", "bool"),
        8: Field("batteryLevel", "float"),
    },
    "location": {**_HEAD, 4: Field("location", "message", LOCATION)},
}

GATEWAY_STATS: Table = {
    1: Field("gatewayID", "bytes"),
    2: Field("time", "time"),
    3: Field("location", "message", LOCATION),
    4: Field("configVersion"),
    5: Field("rxPacketsReceived", "uint"),
    6: Field("rxPacketsReceivedOk", "uint"),
    7: Field("txPacketsReceived", "uint"),
    8: Field("txPacketsEmitted", "uint"),
    10: Field("metadata", "map", STRING_MAP),
    12: Field("txPacketsPerFrequency", "map", FREQUENCY_MAP),
    13: Field("rxPacketsPerFrequency", "map", FREQUENCY_MAP),
    16: Field("txPacketsPerStatus", "map", COUNT_MAP),
    17: Field("gatewayId"),
}
GATEWAY_STATE: Table = {
    1: Field("gatewayID", "bytes"),
    2: Field("state", "enum", words=("OFFLINE", "ONLINE")),
    3: Field("gatewayId"),
}
