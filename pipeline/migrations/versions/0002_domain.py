"""What detectors know and say: the state of each asset's detector, and domain events with their revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "domain_state",
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("detector", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_domain_state"),
    )
    op.create_table(
        "domain_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("ongoing", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(precision=53), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("detector", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domain_event"),
    )
    op.create_index("ix_domain_event_start_ms_id", "domain_event", ["start_ms", "id"], unique=False)
    op.create_index("ix_domain_event_asset_start_ms", "domain_event", ["asset", "start_ms"], unique=False)
    op.create_index("ix_domain_event_ongoing", "domain_event", ["ongoing"], unique=False)


def downgrade() -> None:
    """Drop both."""
    op.drop_table("domain_event")
    op.drop_table("domain_state")
