"""What the level sensors of bins say."""

from collections.abc import Mapping

from simulators.rfc3339 import offset_time
from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]

_CELLS_LOW_V = 3.3
_FULL_PERCENT = 85.0
_FAR_MM = 4_500.0


def distance(seen: Seen, noise_mm: float, low_mm: float, high_mm: float = _FAR_MM) -> float:
    """To the surface, mm, as far as the sensor sees; an empty world is as far as it can see."""
    return seen.value("distance", high_mm, noise_mm, low_mm, high_mm)


def _fill(seen: Seen) -> float:
    """Percent, as a sensor computes it that knows its container."""
    box = seen.container
    if box is None:
        return 0.0
    far = seen.value("distance", box.empty_mm)
    return min(max((box.empty_mm - far) / (box.empty_mm - box.full_mm) * 100, 0.0), 100.0)


def _height(seen: Seen) -> float:
    box = seen.container
    return 0.0 if box is None else box.empty_mm - seen.value("distance", box.empty_mm)


def _tilt_deg(seen: Seen) -> float:
    return round(seen.value("tilt_angle", 80.0 if seen.flag("tilt_alarm") else 1.0, 0.6, 0, 90))


def em400(seen: Seen) -> Values:
    """Milesight EM400: an alarm frame for a fire, else the periodic one, with the battery every twelfth time."""
    warm, far = seen.temperature, distance(seen, 6, 250)
    if seen.reason == "alarm" and seen.flag("fire_alarm"):
        return {"device_temperature": warm, "event:device_temperature": "alarm"}
    values: Values = {"device_temperature": warm, "distance": far, "tilt_alarm": seen.flag("tilt_alarm")}
    return {"battery_level": seen.battery_level, **values} if seen.count % 12 == 0 else values


def em310(seen: Seen) -> Values:
    """Milesight EM310-UDL."""
    values: Values = {"distance": distance(seen, 6, 250), "tilt_alarm": seen.flag("tilt_alarm")}
    return {"battery_level": seen.battery_level, **values} if seen.count % 12 == 0 else values


def df70x(seen: Seen) -> Values:
    """DingTek DF702 and DF703: every alarm in each frame."""
    return {
        "distance": distance(seen, 8, 250),
        "device_temperature": seen.temperature,
        "tilt_angle": _tilt_deg(seen),
        "full_alarm": _fill(seen) > _FULL_PERCENT,
        "fire_alarm": seen.flag("fire_alarm"),
        "tilt_alarm": seen.flag("tilt_alarm"),
        "battery_low": seen.battery_voltage < _CELLS_LOW_V,
        "generic:frame_counter": float(seen.count % 65_536),
    }


def dc41x(seen: Seen) -> Values:
    """DingTek DC410, with events where an alarm is set."""
    full, tilted = _fill(seen) > _FULL_PERCENT, seen.flag("tilt_alarm")
    low = seen.battery_voltage < _CELLS_LOW_V
    values: Values = {
        "distance": distance(seen, 8, 250),
        "device_temperature": seen.temperature,
        "tilt_angle": _tilt_deg(seen),
        "full_alarm": full,
        "tilt_alarm": tilted,
        "battery_low": low,
        "generic:frame_counter": float(seen.count % 65_536),
    }
    events = {"distance": full, "tilt_angle": tilted, "battery_low": low}
    return values | {f"event:{concerned}": "alarm" for concerned, is_set in events.items() if is_set}


def ldds75(seen: Seen) -> Values:
    """Dragino LDDS75."""
    return {
        "battery_voltage": seen.battery_voltage,
        "distance": distance(seen, 7, 280),
        "interrupt": False,
        "generic_flag:sensor_detected": True,
    }


def lds12(seen: Seen) -> Values:
    """Dragino LDS12-LB: a lidar with a weaker echo of what is far."""
    far = distance(seen, 10, 100)
    return {
        "battery_voltage": seen.battery_voltage,
        "distance": far,
        "echo_quality": float(round(min(max(900 - far / 6, 120), 900))),
        "interrupt": False,
        "generic_flag:interrupt_level": False,
        "device_temperature": seen.temperature,
    }


def dl_mbx(seen: Seen) -> Values:
    """Decentlab DL-MBX."""
    return {
        "distance": distance(seen, 4, 300),
        "echo_quality": float(seen.chance.randint(8, 10)),
        "battery_voltage": seen.battery_voltage,
    }


def elt(seen: Seen) -> Values:
    """ELSYS ELT-2 with an ultrasonic head: gravity lies on another axis while it is tilted."""
    upright = not seen.flag("tilt_alarm")
    return {
        "device_temperature": seen.temperature,
        "relative_humidity": round(seen.value("relative_humidity", 70, 1, 0, 100)),
        "generic:acceleration_x": 1.0 if upright else 62.0,
        "generic:acceleration_y": 2.0,
        "generic:acceleration_z": 62.0 if upright else 3.0,
        "battery_voltage": seen.battery_voltage,
        "distance": distance(seen, 8, 300),
    }


def sonic_level(seen: Seen) -> Values:
    """Pepperl+Fuchs WILSEN.sonic.level: it computes the fill level itself, in whole percent."""
    return {
        "distance": distance(seen, 5, 250),
        "fill_level": round(_fill(seen)),
        "fill_level_source": "device",
        "device_temperature": seen.temperature,
        "battery_voltage": seen.battery_voltage,
    }


def sonic_distance(seen: Seen) -> Values:
    """Pepperl+Fuchs WILSEN.sonic.distance."""
    return {
        "distance": distance(seen, 5, 250),
        "echo_quality": 255.0,
        "device_temperature": seen.temperature,
        "battery_voltage": seen.battery_voltage,
    }


def teneo_fill(seen: Seen) -> Values:
    """teneo-iot filling degree: centimetres."""
    return {
        "battery_voltage": seen.battery_voltage,
        "distance": distance(seen, 8, 250),
        "device_temperature": seen.temperature,
        "relative_humidity": seen.value("relative_humidity", 70, 1, 0, 100),
    }


def vega(seen: Seen) -> Values:
    """VEGA VEGAPULS Air: a quiet radar."""
    return {
        "generic_text:namur_status": "good",
        "distance": distance(seen, 2, 50),
        "battery_level": seen.battery_level,
        "device_temperature": seen.temperature,
        "tilt_angle": _tilt_deg(seen),
    }


def sensoneo(seen: Seen) -> Values:
    """Sensoneo Single Sensor: four measurements since the last frame, in steps of 2 cm."""
    periodic: Mapping[str, Quantity] = {"event": "periodic"} if seen.reason != "alarm" else {}
    tilted = seen.flag("tilt_alarm")
    return {
        **periodic,
        **{f"distance:{n}": distance(seen, 10, 120) for n in (1, 2, 3, 4)},
        "fire_alarm": seen.flag("fire_alarm"),
        "tilt_alarm": tilted,
        "generic:other_events": 0.0,
        "battery_voltage": seen.battery_voltage,
        "device_temperature": seen.temperature,
        "generic:tilt": _tilt_deg(seen),
        "generic:event_count": float(seen.count % 256),
        "generic:role": 0.0,
        "generic:firmware": 30.0,
        "serial_number": str(30_000_000 + seen.number),
    }


def enginko(seen: Seen) -> Values:
    """enginko level: with the device's own date, so that a wrong clock shows."""
    return {
        "generic_text:device_date": _date(seen.device_clock_ms),
        "generic:adc_mv": 2_990.0,
        "fill_height": min(max(_height(seen), 0.0), 4_000.0),
        "distance": distance(seen, 8, 250),
        "battery_level": seen.battery_level,
    }


def _date(time_ms: int) -> str:
    """Without a zone, in steps of two seconds, as the device counts them."""
    return offset_time(time_ms // 2000 * 2000)[:19]
