"""Alembic's entry: runs the steps in the transaction that `pipeline.database.migrate` opened."""

from alembic import context

from pipeline.tables import metadata

# Both engines can roll a changed schema back; Alembic assumes otherwise for SQLite.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
