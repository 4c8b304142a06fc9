"""What Alembic runs: the steps that are missing, in one transaction, on the connection that it was handed."""

from __future__ import annotations

from alembic import context

from cds_service.records.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
