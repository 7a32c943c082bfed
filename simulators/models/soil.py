"""What soil probes say. Ranges are those of the formats: a probe never says more than its frame can hold."""

from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]


def _moisture(seen: Seen, noise: float, level: int = 0, low: float = 0.0) -> float:
    return seen.at_depth("soil_moisture_vwc", level, 22.0, noise, low, 60.0)


def _temperature(seen: Seen, level: int = 0) -> float:
    return seen.at_depth("soil_temperature", level, 12.0, 0.1, -20, 60)


def _ec(seen: Seen) -> float:
    return seen.at_depth("soil_ec", 0, 250.0, 4.0, 0, 10_000)


def lse01(seen: Seen) -> Values:
    """Dragino LSE01."""
    return {
        "battery_voltage": seen.battery_voltage,
        "soil_moisture_vwc": _moisture(seen, 0.3),
        "soil_temperature": _temperature(seen),
        "soil_ec": _ec(seen),
        "interrupt": False,
    }


def em500(seen: Seen) -> Values:
    """Milesight EM500-SMTC, with the battery every twelfth time."""
    values: Values = {
        "soil_temperature": _temperature(seen),
        "soil_moisture_vwc": _moisture(seen, 0.3),
        "soil_ec": _ec(seen),
    }
    return {"battery_level": seen.battery_level, **values} if seen.count % 12 == 0 else values


def trs12(seen: Seen) -> Values:
    """Decentlab DL-TRS12: with conductivity. The permittivity follows the moisture and is not sent twice."""
    return trs11(seen) | {"soil_ec": _ec(seen)}


def trs11(seen: Seen) -> Values:
    """Decentlab DL-TRS11."""
    return {
        "soil_moisture_vwc": _moisture(seen, 0.2, low=0.5),
        "soil_temperature": _temperature(seen),
        "battery_voltage": seen.battery_voltage,
    }


def trs21(seen: Seen) -> Values:
    """Decentlab DL-TRS21: matric potential, -3000 to 0 kPa, noisier the drier it is."""
    ideal = float(seen.measured.get("soil_water_potential", _potential_at(seen)))
    return {
        "soil_water_potential": min(max(ideal * (1 + seen.chance.gauss(0, 0.02)), -3_000.0), -0.1),
        "soil_temperature": _temperature(seen),
        "battery_voltage": seen.battery_voltage,
    }


def _potential_at(seen: Seen) -> float:
    return seen.at_depth("soil_water_potential", 0, -20.0, 0, -1e6, 0)


def smtp(seen: Seen) -> Values:
    """Decentlab DL-SMTP: moisture and temperature at each of its depths, the uppermost first."""
    values: Values = {}
    for level in range(len(seen.depths_cm)):
        values[f"soil_moisture_vwc:{level}"] = _moisture(seen, 0.2, level)
        values[f"soil_temperature:{level}"] = _temperature(seen, level)
    return values | {"battery_voltage": seen.battery_voltage}


def sensecap_soil(seen: Seen) -> Values:
    """SenseCAP S2105: temperature and moisture in one frame."""
    return {"soil_temperature:1": _temperature(seen), "soil_moisture_vwc:1": _moisture(seen, 0.3)}


def teneo_soil(seen: Seen) -> Values:
    """teneo-iot soil moisture: whole percent."""
    return {
        "battery_voltage": seen.battery_voltage,
        "soil_moisture_vwc": _moisture(seen, 0.5),
        "soil_temperature": _temperature(seen),
    }
