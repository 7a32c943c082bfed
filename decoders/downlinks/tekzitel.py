"""Tekzitel TekziPark's one downlink: eight bytes of bit fields on port 3 that replace all settings.

Source: the vendor's codec in TheThingsNetwork/lorawan-devices (vendor/tekzitel). The fields hold codes; what a code
means (seconds, counts) is not published, so all of them must be given: from the vendor, or from the device at hand.
"""

from decoders.downlink import Bits, Command, Frame
from decoders.parameter import Parameter, number

_NOTE = "Replaces all settings. The numbers are codes that only the vendor's configuration tool explains."


def _field(name: str, bits: int) -> Parameter:
    return number(name, "code", 0, (1 << bits) - 1)


def _byte(*fields: tuple[str, int, int]) -> Bits:
    """One byte of fields as (name, lowest bit, number of bits)."""
    return Bits(1, *((_field(name, bits), first) for name, first, bits in fields))


TEKZIPARK_COMMANDS = (
    Command(
        "configure",
        "Sets everything that can be set: detection thresholds, radar, beacons, sleep and keep-alive period.",
        Frame(
            3,
            _byte(("suppress_baseline_offset", 7, 1), ("radar_start_range", 4, 3), ("fluctuations_count", 0, 4)),
            _byte(
                ("downlink_frequency", 7, 1),
                ("axis_deflection", 5, 2),
                ("debug_mode", 4, 1),
                ("deflection_threshold", 0, 4),
            ),
            _byte(
                ("zero_negative_drop", 7, 1),
                ("oversampling", 5, 2),
                ("acceleration_samples", 3, 2),
                ("fluctuation_threshold_xy", 0, 3),
            ),
            _byte(("sleep_time", 5, 3), ("reset", 4, 1), ("magnetometer_restart", 3, 1), ("fluctuation_delay", 0, 3)),
            _byte(
                ("axis_fluctuations", 6, 2),
                ("fluctuation_threshold_z", 3, 3),
                ("self_heal", 2, 1),
                ("keep_alive_period", 0, 2),
            ),
            _byte(("radar_scans", 4, 4), ("obstruction_check", 3, 1), ("reflection_threshold", 0, 3)),
            _byte(("oi", 7, 1), ("send_rssi", 6, 1), ("beacon_scans", 3, 3), ("beacon_scan_window", 0, 3)),
            _byte(("beacon_rssi", 0, 8)),
        ),
        note=_NOTE,
    ),
)
"""TekziPark."""
