"""Devices from what was heard: adopting out of quarantine, and provisioning by itself from a network server's hints."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from fnmatch import fnmatchcase
from math import isfinite

from msgspec import Struct, structs

from gateway_bridge.uplink import Hints
from pipeline.effects import QuarantineEntry
from pipeline.fill import container_problems
from pipeline.inventory import (
    ASSET_KINDS,
    OBJECT_DECODER,
    Asset,
    AssetKind,
    Assignment,
    Device,
    InventoryChanges,
    Zone,
    device_key,
)
from pipeline.inventory import Container as Geometry

_PLACE_TAGS = ("asset", "asset_name", "asset_kind", "zone", "district", "latitude", "longitude")
_GEOMETRY_TAGS = (
    "height_mm", "offset_mm", "distance_full_mm", "distance_empty_mm", "blind_zone_mm", "range_max_mm", "volume_l",
)  # fmt: skip
_MAX_TEXT = 128

KindOf = Callable[[str], str | None]
"""Decoder id -> kind of asset that such devices hang on; None for an unknown decoder."""


class NewDevice(Struct, frozen=True):
    """A device that was heard, with the place that its tags tell, if any."""

    device: Device
    zone: Zone | None = None
    asset: Asset | None = None
    assignment: Assignment | None = None
    """From the beginning of time, so that what lies in quarantine finds its place too."""
    heard: int = 1
    """Messages in quarantine."""
    warnings: tuple[str, ...] = ()
    """Tags that were left aside, for people."""


def parse_rules(texts: Iterable[str]) -> dict[str, str]:
    """`PROFILE NAME=DECODER` texts as ordered rules. ValueError for half a rule, or two for one profile."""
    rules: dict[str, str] = {}
    for text in texts:
        profile, equals, decoder = (part.strip() for part in text.rpartition("="))
        if not (equals and profile and decoder):
            raise ValueError(f"{text!r} is no rule; write PROFILE NAME=DECODER")
        if rules.setdefault(profile, decoder) != decoder:
            raise ValueError(f"two decoders for the profile {profile!r}: {rules[profile]} and {decoder}")
    return rules


def decoder_for(profile: str, rules: Mapping[str, str]) -> str | None:
    """The decoder of the rule with exactly this profile name, else of the first whose glob (`*`, `?`) matches in any
    case; brackets are plain letters, since profile names have them."""
    exact = rules.get(profile)
    if exact is not None:
        return exact
    name = profile.casefold()
    return next(
        (decoder for glob, decoder in rules.items() if fnmatchcase(name, glob.casefold().replace("[", "[[]"))), None
    )


def plan_adoption(
    entries: Iterable[QuarantineEntry],
    rules: Mapping[str, str],
    *,
    kind_of: KindOf,
    known: Container[str] = (),
) -> list[NewDevice]:
    """The devices that these rules (profile glob -> decoder id) make of quarantined messages, by key.

    A device's newest message speaks for it. `known` devices, and messages that name no device, are passed over; so are
    devices without a rule and without a `decoder` tag (`unmatched_profiles` lists them).
    """
    newest, heard = _by_device(entries, known)
    found = []
    for key, entry in sorted(newest.items()):
        made = auto_provision(key, _hints(entry), rules, kind_of=kind_of, provisioned_by="adopt")
        if made is not None:
            found.append(structs.replace(made, heard=heard[key]))
    return found


def unmatched_profiles(
    entries: Iterable[QuarantineEntry], rules: Mapping[str, str], *, kind_of: KindOf, known: Container[str] = ()
) -> dict[str, int]:
    """Profile name -> number of unknown devices that no rule covers: what an operator still has to decide."""
    newest, _ = _by_device(entries, known)
    profiles = (e.profile for e in newest.values() if _decoder(_hints(e), rules, kind_of, []) is None)
    return dict(sorted(Counter(profiles).items()))


def auto_provision(
    key: str, hints: Hints, rules: Mapping[str, str], *, kind_of: KindOf, provisioned_by: str = "auto"
) -> NewDevice | None:
    """The device called `key` (DevEUI or `application/device_id`) as its network server's hints describe it.

    None when neither a `decoder` tag nor a rule gives it a decoder, or the key is none. Tags used where present:
    decoder, model, asset, asset_name, asset_kind, zone, district, latitude, longitude and the container's lengths
    (height_mm ...). A place without the tag `asset` becomes an asset named like the device.
    """
    warnings: list[str] = []
    try:
        key = device_key(key)
    except ValueError:
        return None
    decoder = _decoder(hints, rules, kind_of, warnings)
    if decoder is None:
        return None
    tags = {name.strip().lower(): _clean(value) for name, value in hints.tags.items()}
    name, model = _clean(hints.device_name), tags.get("model", "")
    device = Device(key, name=name, model=model, decoder=decoder, provisioned_by=provisioned_by)
    if not any(tags.get(tag) for tag in (*_PLACE_TAGS, *_GEOMETRY_TAGS)):
        return NewDevice(device, warnings=tuple(warnings))
    zone = Zone(tags["zone"], district=tags.get("district", "")) if tags.get("zone") else None
    asset = _asset(tags, device, _kind(tags, decoder, kind_of, warnings), warnings)
    return NewDevice(device, zone, asset, Assignment(key, asset.id), warnings=tuple(warnings))


def adoption_changes(found: Iterable[NewDevice]) -> InventoryChanges:
    """The devices as changes for `StateStore.provision`. The first that names an asset or zone describes it."""
    zones: dict[str, Zone] = {}
    assets: dict[str, Asset] = {}
    devices: list[Device] = []
    assignments: list[Assignment] = []
    for new in found:
        devices.append(new.device)
        if new.zone is not None:
            zones.setdefault(new.zone.id, new.zone)
        if new.asset is not None and new.assignment is not None:
            assets.setdefault(new.asset.id, new.asset)
            assignments.append(new.assignment)
    return InventoryChanges(tuple(zones.values()), tuple(assets.values()), tuple(devices), tuple(assignments))


def _by_device(
    entries: Iterable[QuarantineEntry], known: Container[str]
) -> tuple[dict[str, QuarantineEntry], Counter[str]]:
    newest: dict[str, QuarantineEntry] = {}
    heard: Counter[str] = Counter()
    for entry in entries:
        key = entry.dev_eui or entry.device_key
        if not key or key in known:
            continue
        heard[key] += 1
        if key not in newest or (entry.seq, entry.part) > (newest[key].seq, newest[key].part):
            newest[key] = entry
    return newest, heard


def _hints(entry: QuarantineEntry) -> Hints:
    return Hints(entry.device_name, entry.application, entry.profile, entry.tags)


def _decoder(hints: Hints, rules: Mapping[str, str], kind_of: KindOf, warnings: list[str]) -> str | None:
    tagged = _clean(hints.tags.get("decoder", ""))
    if tagged and (tagged == OBJECT_DECODER or kind_of(tagged) is not None):
        return tagged
    if tagged:
        warnings.append(f"tag decoder: there is no decoder {tagged!r}")
    return decoder_for(hints.profile, rules)


def _kind(tags: Mapping[str, str], decoder: str, kind_of: KindOf, warnings: list[str]) -> AssetKind:
    tagged = tags.get("asset_kind", "")
    if tagged and tagged not in ASSET_KINDS:
        warnings.append(f"tag asset_kind: {tagged!r} is none of {', '.join(ASSET_KINDS)}")
    wanted = (tagged, kind_of(decoder))
    return next((kind for want in wanted for kind in ASSET_KINDS if kind == want), "generic")


def _asset(tags: Mapping[str, str], device: Device, kind: AssetKind, warnings: list[str]) -> Asset:
    latitude, longitude = _number(tags, "latitude", 90, warnings), _number(tags, "longitude", 180, warnings)
    if latitude is None or longitude is None or (latitude, longitude) == (0, 0):
        latitude = longitude = None  # (0, 0) is how trackers spell "no fix"
    return Asset(
        tags.get("asset") or device.dev_eui,
        name=tags.get("asset_name", "") or ("" if tags.get("asset") else device.name),
        kind=kind,
        zone=tags.get("zone") or None,
        district=tags.get("district", ""),
        latitude=latitude,
        longitude=longitude,
        container=_geometry(tags, warnings),
    )


def _geometry(tags: Mapping[str, str], warnings: list[str]) -> Geometry | None:
    lengths = {name: _number(tags, name, 1e6, warnings) for name in _GEOMETRY_TAGS}
    given = {name: value for name, value in lengths.items() if value is not None}
    if not given:
        return None
    geometry = structs.replace(Geometry(), **given)
    problems = container_problems(geometry)
    warnings.extend(f"tags of the container: {problem}" for problem in problems)
    return None if problems else geometry


def _number(tags: Mapping[str, str], name: str, limit: float, warnings: list[str]) -> float | None:
    text = tags.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if isfinite(value) and abs(value) <= limit:
        return value
    warnings.append(f"tag {name}: {text!r} is no number between {-limit:g} and {limit:g}")
    return None


def _clean(text: str) -> str:
    """Untrusted text as the inventory's files allow it: no control characters, no outer spaces, bounded."""
    return "".join(c for c in text if c >= " " and c != "\x7f").strip()[:_MAX_TEXT].strip()
