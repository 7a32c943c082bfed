"""What is wrong with one probe: out of the soil, or standing still. Judged at each of its readings."""

from msgspec.structs import replace

from pipeline.domain.irrigation.layers import Layer
from pipeline.domain.irrigation.soil_state import SoilState
from pipeline.domain.words import DomainEvent, Facts, event_id


def judge_probe(facts: Facts, state: SoilState, layer: Layer) -> tuple[SoilState, tuple[DomainEvent, ...]]:
    """The state and the events that began or ended with the layer's newest reading."""
    signs = (
        ("probe_out", layer.in_air(), layer.air_since_ms or layer.time_ms, 0.95),
        ("soil_stuck", layer.flat(), layer.same_since_ms, 0.9),
    )
    events: list[DomainEvent] = []
    going_on = dict(state.open)
    for kind, is_so, since_ms, confidence in signs:
        key = f"{kind}|{layer.key}"
        started = going_on.get(key)
        if is_so and started is None:
            going_on[key] = since_ms
            events.append(_event(facts, kind, layer, since_ms, None, confidence))
        elif not is_so and started is not None:
            del going_on[key]
            events.append(_event(facts, kind, layer, started, layer.time_ms, confidence))
    if not events:
        return state, ()
    return replace(state, open=going_on), tuple(events)


def _event(facts: Facts, kind: str, layer: Layer, start_ms: int, end_ms: int | None, confidence: float) -> DomainEvent:
    return DomainEvent(
        f"{event_id(kind, facts.asset.id, start_ms)}:{layer.key}",  # two probes may fail in one frame
        kind,
        facts.asset.id,
        start_ms,
        end_ms,
        ongoing=end_ms is None,
        confidence=confidence,
        values={"dev_eui": layer.dev_eui, "channel": layer.channel},
    )
