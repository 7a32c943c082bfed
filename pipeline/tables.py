"""The tables of the state database. Times are Unix ms; JSON is text, so that both engines keep it byte for byte.

`migrations/` makes them; a test holds both to the same shape.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only when the type reads exactly INTEGER.
_RowId = BigInteger().with_variant(Integer, "sqlite")

cursor = Table(
    "cursor",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

frame_keys = Table(
    "frame_keys",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("last_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("newest_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "consumer", "newest_ms"),
)

latest = Table(
    "latest",
    metadata,
    Column("dev_eui", String, primary_key=True),
    Column("body", Text, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("dev_eui", String),
    Column("device_key", String, nullable=False),
    Column("f_port", Integer),
    Column("profile", String, nullable=False),
    Column("device_name", String, nullable=False),
    Column("application", String, nullable=False),
    Column("tags", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Index(None, "reason"),
    Index(None, "dev_eui"),
    Index(None, "profile"),
)

# One row: counting and summing the quarantine at each commit would cost more than the commit.
quarantine_size = Table(
    "quarantine_size",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

device_event = Table(
    "device_event",
    metadata,
    Column("id", _RowId, primary_key=True, autoincrement=True),
    Column("seq", BigInteger, nullable=False),
    Column("dev_eui", String),
    Column("gateway_id", String),
    Column("time_ms", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("lns", String, nullable=False),
    Column("level", String, nullable=False),
    Column("code", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "dev_eui", "id"),
    Index(None, "gateway_id", "id"),
)

gateway = Table(
    "gateway",
    metadata,
    Column("gateway_id", String, primary_key=True),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("online", Boolean),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("stats", Text),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

zone = Table(
    "zone",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("district", String, nullable=False),
)

asset = Table(
    "asset",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("zone", String, ForeignKey("zone.id")),
    Column("district", String, nullable=False),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("container", Text),
    Column("attributes", Text, nullable=False),
    Index(None, "zone"),
)

device = Table(
    "device",
    metadata,
    Column("dev_eui", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("model", String, nullable=False),
    Column("decoder", String, nullable=False),
    Column("mapping", String, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("provisioned_by", String, nullable=False),
)

assignment = Table(
    "assignment",
    metadata,
    Column("dev_eui", String, ForeignKey("device.dev_eui"), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("asset", String, ForeignKey("asset.id"), nullable=False),
    Column("end_ms", BigInteger),
    Index(None, "asset"),
)

domain_state = Table(
    "domain_state",
    metadata,
    Column("asset", String, primary_key=True),
    Column("detector", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

domain_event = Table(
    "domain_event",
    metadata,
    Column("id", String, primary_key=True),
    Column("asset", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("ongoing", Boolean, nullable=False),
    Column("confidence", Float(53), nullable=False),
    Column("values", Text, nullable=False),
    Column("detector", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index(None, "start_ms", "id"),
    Index(None, "asset", "start_ms"),
    Index(None, "ongoing"),
)
