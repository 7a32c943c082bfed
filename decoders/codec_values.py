"""What a JavaScript codec answered, as values: its object by the rules for decoded objects, and what it normalised.

Names in The Things Stack's normalised payload: TheThingsNetwork/lorawan-devices `lib/payload.json`. That schema knows
no fill level, valve or parking bay, so a codec's own object is read as well; where both name a quantity the normalised
value counts, because its unit is certain.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from decoders.javascript.result import CodecResult
from decoders.layout import DAY_S, EARLIEST_S
from decoders.object_rules import ObjectContext, ObjectField, ObjectRule, ObjectRules
from decoders.objects import map_object
from decoders.value import Decoded, DecodedValue, DecodeError

_NORMALISED = ObjectRules(
    [
        ObjectRule(
            (
                ObjectField("battery", "battery_voltage"),
                ObjectField("metering.water.total", "flow_volume"),
                ObjectField("water.temperature.current", "probe_temperature"),
                ObjectField("rain.intensity", "rain_intensity"),
            )
        )
    ]
)
_ANY = ObjectContext()


def values_of(result: CodecResult, rules: ObjectRules, context: ObjectContext, received_ms: int) -> Decoded:
    """All values of an answer; `received_ms` (Unix ms) judges the times that it claims. DecodeError with the answer's
    reason (`decoders.javascript.result.CODEC_REASONS`) when there is none."""
    if result.failure is not None:
        raise DecodeError(result.failure.reason, str(result.failure))
    warnings = list(result.warnings)
    values: list[DecodedValue] = []
    for measurement in result.normalized or ():
        values += _normalised(measurement, received_ms, warnings)
    known = {(v.quantity, v.channel) for v in values}
    data: Mapping[str, Any] = result.data if isinstance(result.data, dict) else {"": result.data or []}
    own = map_object(data, rules, context)
    values += [v for v in own.values if (v.quantity, v.channel) not in known]
    return Decoded(tuple(values), (*warnings, *own.warnings))


def _normalised(measurement: Mapping[str, Any], received_ms: int, warnings: list[str]) -> list[DecodedValue]:
    claimed = measurement.get("time")
    mapped = map_object({name: leaf for name, leaf in measurement.items() if name != "time"}, _NORMALISED, _ANY)
    warnings += mapped.warnings
    time_ms = None if claimed is None else _time(claimed, received_ms)
    if claimed is not None and time_ms is None:
        warnings.append(f"time {str(claimed)[:40]!r} is implausible: the time of reception is used")
    return [structs.replace(value, time_ms=time_ms) for value in mapped.values]


def _time(claimed: object, received_ms: int) -> int | None:
    try:
        moment = datetime.fromisoformat(str(claimed))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    ms = int(aware.timestamp() * 1000)
    return ms if EARLIEST_S * 1000 <= ms <= received_ms + DAY_S * 1000 else None
