"""What the tests know of Sensoneo: no frame is public; the ranges that its payload can say."""

from tests.families.family import Family

FAMILY = Family(
    {},
    layout_only={"sensoneo-single-sensor": "Sensoneo's payload description of the Single Sensor 3.0"},
    ranges={
        "sensoneo-single-sensor": {
            **{f"distance:{sonar}": (20, 5100, 20) for sonar in "1234"},
            "battery_voltage": (2.5, 5.05, 0.01),
            "device_temperature": (-40, 85, 1),
            "generic:tilt": (0, 180, 1),
            "generic:event_count": (0, 255, 1),
            "generic:other_events": (0, 31, 1),
            "generic:role": (0, 15, 1),
            "generic:firmware": (0, 255, 1),
        }
    },
    switches={
        "sensoneo-single-sensor": {
            "event": ["periodic"],
            "fire_alarm": [True, False],
            "tilt_alarm": [True, False],
            "serial_number": ["123456"],
        }
    },
)
