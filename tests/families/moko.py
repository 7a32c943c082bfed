"""What the tests know of MOKO: no frame of the parking sensor is public."""

from tests.families.family import Family

FAMILY = Family({}, layout_only={"moko-lw009-sm": "tago-io/decoders, MOKO LW009-SM"})
