"""The first schema: cursors, frame keys, latest values, quarantine, events, gateways, counters, inventory."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table; `quarantine_size` starts with its one row."""
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name="pk_counter"),
    )
    op.create_table(
        "cursor",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name="pk_cursor"),
    )
    op.create_table(
        "device",
        sa.Column("dev_eui", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("decoder", sa.String(), nullable=False),
        sa.Column("mapping", sa.String(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("provisioned_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dev_eui", name="pk_device"),
    )
    op.create_table(
        "device_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("dev_eui", sa.String(), nullable=True),
        sa.Column("gateway_id", sa.String(), nullable=True),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lns", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_event"),
    )
    op.create_index("ix_device_event_dev_eui_id", "device_event", ["dev_eui", "id"], unique=False)
    op.create_index("ix_device_event_gateway_id_id", "device_event", ["gateway_id", "id"], unique=False)
    op.create_table(
        "frame_keys",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("newest_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "last_seq", name="pk_frame_keys"),
    )
    op.create_index("ix_frame_keys_consumer_newest_ms", "frame_keys", ["consumer", "newest_ms"], unique=False)
    op.create_table(
        "gateway",
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column("latitude", sa.Float(precision=53), nullable=True),
        sa.Column("longitude", sa.Float(precision=53), nullable=True),
        sa.Column("stats", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("gateway_id", name="pk_gateway"),
    )
    op.create_table(
        "latest",
        sa.Column("dev_eui", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dev_eui", name="pk_latest"),
    )
    op.create_table(
        "quarantine",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("dev_eui", sa.String(), nullable=True),
        sa.Column("device_key", sa.String(), nullable=False),
        sa.Column("f_port", sa.Integer(), nullable=True),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("device_name", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "part", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_dev_eui", "quarantine", ["dev_eui"], unique=False)
    op.create_index("ix_quarantine_profile", "quarantine", ["profile"], unique=False)
    op.create_index("ix_quarantine_reason", "quarantine", ["reason"], unique=False)
    op.create_table(
        "quarantine_size",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine_size"),
    )
    op.create_table(
        "zone",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_zone"),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(precision=53), nullable=True),
        sa.Column("longitude", sa.Float(precision=53), nullable=True),
        sa.Column("container", sa.Text(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["zone"], ["zone.id"], name="fk_asset_zone"),
        sa.PrimaryKeyConstraint("id", name="pk_asset"),
    )
    op.create_index("ix_asset_zone", "asset", ["zone"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("dev_eui", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["asset"], ["asset.id"], name="fk_assignment_asset"),
        sa.ForeignKeyConstraint(["dev_eui"], ["device.dev_eui"], name="fk_assignment_dev_eui"),
        sa.PrimaryKeyConstraint("dev_eui", "channel", "start_ms", name="pk_assignment"),
    )
    op.create_index("ix_assignment_asset", "assignment", ["asset"], unique=False)
    op.execute("INSERT INTO quarantine_size (id, rows, bytes) VALUES (1, 0, 0)")


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "assignment",
        "asset",
        "zone",
        "quarantine_size",
        "quarantine",
        "latest",
        "gateway",
        "frame_keys",
        "device_event",
        "device",
        "cursor",
        "counter",
    ):
        op.drop_table(table)
