"""What `loracity replay --diff` prints: a line for each record that would change, and what it comes to."""

from datetime import UTC, datetime
from typing import Any

_WORDS = {"new": "new record", "gone": "record goes"}


def as_object(change: dict[str, Any]) -> dict[str, Any]:
    """The change for a JSON line: the time in RFC 3339, `{"old", "new"}` for every field and for the decoder."""
    return {
        "time": _rfc3339(change["time_ms"]),
        "dev_eui": change["dev_eui"],
        "measurement": change["measurement"],
        "channel": change["channel"],
        "what": change["what"],
        "decoder": _sides(change["decoder"]),
        "fields": {name: _sides(pair) for name, pair in change["fields"].items()},
    }


def as_text(change: dict[str, Any]) -> str:
    """The change as a line for people."""
    place = " ".join(filter(None, (change["dev_eui"], change["measurement"], change["channel"])))
    fields = ", ".join(f"{name} {_said(old)} -> {_said(new)}" for name, (old, new) in change["fields"].items())
    before, after = change["decoder"]
    decoder = f"{_said(before)} -> {_said(after)}" if before != after else _said(after)
    word = _WORDS.get(change["what"], "")
    return f"{_rfc3339(change['time_ms'])} {place}: {f'{word}: ' if word else ''}{fields} ({decoder})"


def summary(found: dict[str, Any]) -> str:
    """The counts in one line; nothing was written."""
    counts = ", ".join(f"{found[name]} {name}" for name in ("changed", "new", "gone", "relabelled", "same"))
    total = found["changed"] + found["new"] + found["gone"]
    shown = len(found["changes"])
    more = f"; the first {shown} of {total} are shown, see --limit" if shown < total else ""
    frames = f"; {found['quarantined']} frames would go to quarantine" if found["quarantined"] else ""
    return f"records: {counts}{frames}{more}; nothing was written"


def _sides(pair: list[Any]) -> dict[str, Any]:
    return {"old": pair[0], "new": pair[1]}


def _said(value: Any) -> str:
    if value is None:
        return "-"
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.10g}" if isinstance(value, float) else str(value)
    )


def _rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
