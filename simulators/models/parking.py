"""What parking sensors say. `occupied` is the bay as the sensor judges it; `occupancy_state` is `unknown` where it sees
that it can't judge."""

from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]


def _occupied(seen: Seen) -> bool:
    return seen.flag("occupied")


def _doubtful(seen: Seen) -> bool:
    return seen.measured.get("occupancy_state") == "unknown"


def bosch(seen: Seen) -> Values:
    """Bosch TPS110."""
    if seen.reason == "change":
        return {"occupied": _occupied(seen)}
    if seen.reason == "startup":
        return _startup("0.29.2", "power on", _occupied(seen))
    return {"event": "heartbeat", "occupied": _occupied(seen), "device_temperature": seen.temperature}


def nwave_310(seen: Seen) -> Values:
    """Nwave NPS310SM."""
    if seen.reason == "change":
        return {"occupied": _occupied(seen)}
    if seen.reason == "startup":
        return _startup("1.13.0", "power_on", _occupied(seen))
    return {"event": "heartbeat", "occupied": _occupied(seen)}


def _startup(version: str, cause: str, occupied: bool) -> Values:
    return {
        "event": "startup",
        "firmware_version": version,
        "generic_text:reset_cause": cause,
        "occupied": occupied,
    }


def nwave_405(seen: Seen) -> Values:
    """Nwave NPS405: a change says how long the state before it lasted, the coarser the longer."""
    if seen.reason == "startup":
        return _startup("2.4.1", "power_on", _occupied(seen))
    if seen.reason != "change":
        return _nwave_heartbeat(seen)
    minutes, error_min = _duration(int(seen.previous_s // 60))
    values: Values = {"occupied": _occupied(seen), "previous_state_duration": minutes * 60.0}
    if error_min is not None:
        values["generic:previous_state_duration_error"] = error_min * 60.0
    return values | {"generic_flag:previous_state_duration_overflow": error_min is None}


def _nwave_heartbeat(seen: Seen) -> Values:
    values: Values = {
        "event": "heartbeat",
        "occupied": _occupied(seen),
        "generic:hardware_health": float(_occupied(seen)),
    }
    if _doubtful(seen):
        values |= {"generic:hardware_health": 2.0 + _occupied(seen), "occupancy_state": "unknown"}
    # the frame holds 2.5 to 3.52 V, and below 3 V it says something else than "normal"
    values["battery_voltage"] = min(max(seen.battery_voltage, 3.0), 3.52)
    return values | {"device_temperature": round(seen.temperature * 2) / 2, "generic_text:battery_health": "normal"}


def _duration(minutes: int) -> tuple[int, int | None]:
    """Minutes as the format can say them, and how much longer it may have been; None: longer than it can say."""
    if minutes < 90:
        return minutes, 0
    if minutes < 240:
        return minutes // 5 * 5, 4
    return (minutes // 60 * 60, 59) if minutes < 660 else (660, None)


def placepod(seen: Seen) -> Values:
    """PNI PlacePod: state with battery and temperature; a heartbeat every hour."""
    if seen.reason == "change":
        return {"occupied": _occupied(seen)}
    if seen.reason == "startup":
        return {
            "battery_voltage": seen.battery_voltage,
            "device_temperature": seen.temperature,
            "occupied": _occupied(seen),
        }
    return {"event": "heartbeat", "occupied": _occupied(seen)}


def tekzipark(seen: Seen) -> Values:
    """Tekzitel TekZiPark: it knows itself when its radar is obstructed."""
    values: Values = {"occupied": _occupied(seen)}
    if seen.reason == "heartbeat":
        values["event"] = "heartbeat"
    elif seen.reason == "startup":
        values["event:reset"] = "startup"
    doubtful = _doubtful(seen)
    values |= {
        "generic_flag:no_beacon": True,
        "generic_flag:radar": _occupied(seen),
        "generic_flag:obstruction": doubtful,
        "battery_low": seen.battery_voltage < 3.2,
        "device_temperature": seen.temperature,
        "generic:parking_id": float(seen.number % 256),
    }
    return values | ({"occupancy_state": "unknown"} if doubtful else {})


_LIBELIUM = {"change": "info", "heartbeat": "keep_alive", "startup": "start_frame_1"}
_LIBELIUM_EVENTS = {"change": "info", "heartbeat": "heartbeat", "startup": "startup"}


def libelium(seen: Seen) -> Values:
    """Libelium Smart Parking v2."""
    return {
        "occupied": _occupied(seen),
        "battery_low": seen.battery_voltage < 3.2,
        "event": _LIBELIUM_EVENTS.get(seen.reason, "info"),
        "generic_text:frame_type": _LIBELIUM.get(seen.reason, "info"),
        "generic:sequence": float(seen.count % 256),
        "generic_text:payload": "000000000000000000",
    }


def moko(seen: Seen) -> Values:
    """MOKO LW009-SM: with the device's own clock, and a state of its own for magnetic trouble."""
    values: Values = {
        "generic:protocol_version": 1.0,
        "generic:device_time": float(seen.device_clock_ms // 1000),
        "generic:frame_count": float(seen.count % 65_536),
        "generic:instruction": 0.0,
    }
    if _doubtful(seen):
        values |= {
            "event:occupied": "alarm",
            "generic_text:state": "magnetic_interference",
            "occupancy_state": "unknown",
        }
    elif seen.reason == "change":
        values |= {"event": "info", "generic_text:state": "occupied" if _occupied(seen) else "vacated"}
    else:
        values |= {"event": "heartbeat", "generic_text:state": "heartbeat"}
    return values | {
        "occupied": _occupied(seen),
        "device_temperature": seen.temperature,
        "battery_level": seen.battery_level,
    }
