"""What the tests know of Decentlab: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted


def in_our_words(row: Row) -> Wanted:
    """Volumetric water content is in percent with us."""
    names = {
        "dielectric_permittivity": ("soil_permittivity", 1),
        "volumetric_water_content": ("soil_moisture_vwc", 100),
        "soil_temperature": ("soil_temperature", 1),
        "electrical_conductivity": ("soil_ec", 1),
        "battery_voltage": ("battery_voltage", 1),
    }
    return {names[k][0]: v["value"] * names[k][1] for k, v in row["expected"].items() if k in names}


FAMILY = Family(
    {"decentlab-dl-trs12": in_our_words},
    ranges={
        "decentlab-dl-trs12": {
            "soil_moisture_vwc": (0, 60, 0.003879),
            "soil_temperature": (-40, 60, 0.1),
            "soil_ec": (0, 20000, 1),
            "battery_voltage": (2.1, 3.6, 0.001),
        }
    },
)
