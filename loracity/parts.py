"""Building the parts by hand: decoders as the pipeline sees them, stores, provisioning."""

from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from decoders.javascript.catalogue import is_codec_id
from decoders.objects import ObjectContext, ObjectRules, RuleError, load_rules, map_object
from decoders.registry import decode, devices
from decoders.value import Decoded, DecodeError
from gateway_bridge.uplink import UplinkEvent
from loracity.codecs import Codecs
from pipeline.adopt import NewDevice, auto_provision
from pipeline.config import ConfigError, EmbeddedSettings, Settings
from pipeline.frames import FrameMemory
from pipeline.inventory import CODEC_PREFIX, OBJECT_DECODER
from pipeline.ports import ReadingStore
from pipeline.process import Answer, ConnectionRule, Frame


class CityDecoders:
    """The registry's decoders, the codecs folder and the object rules behind the pipeline's `Decoders` port."""

    def __init__(self, rules: ObjectRules, codecs: Codecs) -> None:
        self._rules = rules
        self.codecs = codecs
        self._labels = {name: f"{name}@{device.version}" for name, device in devices().items()}
        self._kinds = {name: device.kind for name, device in devices().items()}

    def decode(self, decoder: str, f_port: int, payload: bytes, received_ms: int) -> Decoded:
        """A payload's values. DecodeError."""
        return decode(decoder, f_port, payload, received_ms)

    async def ask(self, frames: Sequence[Frame]) -> Sequence[Answer]:
        """What codecs of the codecs folder make of frames."""
        return await self.codecs.ask(frames)

    def map_object(self, mapping: str, event: UplinkEvent) -> Decoded:
        """The server's object as values. DecodeError when there is none."""
        if event.decoded is None:
            raise DecodeError("bad_payload", "the network server sent no decoded object")
        context = ObjectContext(profile=event.hints.profile, application=event.hints.application, decoder=mapping)
        return map_object(event.decoded, self._rules, context)

    def label(self, decoder: str) -> str:
        """`id@version`."""
        return self._labels.get(decoder, decoder)

    def kind(self, decoder: str) -> str:
        """The measurement of the decoder's readings; `generic` for one that does not exist."""
        return self._kinds.get(decoder, "generic")


def known_decoder(decoder: str) -> bool:
    """Whether the inventory may name this decoder."""
    return decoder == OBJECT_DECODER or _is_codec(decoder) or decoder in devices()


def _is_codec(decoder: str) -> bool:
    """Whether it names a file of the codecs folder, be it there already or not."""
    return decoder.startswith(CODEC_PREFIX) and is_codec_id(decoder.removeprefix(CODEC_PREFIX))


def kind_of(decoder: str) -> str | None:
    """Kind of asset that a decoder's devices hang on; None for an unknown decoder."""
    device = devices().get(decoder)
    return device.kind if device is not None else ("generic" if known_decoder(decoder) else None)


def build_decoders(settings: Settings, now_ms: Callable[[], int]) -> CityDecoders:
    """With the rule file and the codecs folder of the settings. ConfigError when the rules can't be used."""
    try:
        document = None if settings.mappings_file is None else _read_yaml(settings.mappings_file)
        rules = ObjectRules() if document is None else load_rules(document)
    except RuleError as error:
        raise ConfigError(f"mappings_file {settings.mappings_file}: {error}") from error
    return CityDecoders(rules, Codecs(settings.codecs_folder, rules, now_ms))


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"mappings_file {path}: {error}") from error


def build_store(settings: Settings) -> ReadingStore:
    """The store that the settings name; nothing is opened yet."""
    if isinstance(settings.store, EmbeddedSettings):
        from pipeline.stores.embedded import EmbeddedStore  # DuckDB takes 25 MB that a city with InfluxDB can save

        return EmbeddedStore(settings.data_dir / "readings.duckdb", settings.store.memory_limit)
    if settings.store.client == "influxdb-client":
        from pipeline.stores.influx_native import NativeInfluxStore

        return NativeInfluxStore(settings.store)
    from pipeline.stores.influx import InfluxStore

    return InfluxStore(settings.store)


def build_frames(settings: Settings) -> FrameMemory:
    """An empty memory of frames with the bounds of the settings."""
    dedup = settings.dedup
    return FrameMemory(dedup.frames_per_device, dedup.max_age_s * 1000, dedup.max_devices)


def connection_rules(settings: Settings) -> dict[str, ConnectionRule]:
    """How each connection's messages are read."""
    return {c.name: ConnectionRule(c.lns, c.max_age_s) for c in settings.connections}


def provisioner(settings: Settings) -> Callable[[UplinkEvent], NewDevice | None] | None:
    """What makes devices of unknown ones; None when the settings say that a person does."""
    rules = settings.provisioning.decoders
    if settings.provisioning.mode == "off":
        return None

    def provision(event: UplinkEvent) -> NewDevice | None:
        wanted = rules if event.decoded is None or "*" in rules else {**rules, "*": OBJECT_DECODER}
        return auto_provision(event.device_key, event.hints, wanted, kind_of=kind_of)

    return provision
