"""The hazards behind a card, for the snooze; the seal of a purge; a trigger that refuses to truncate ``evaluations``.

Cards stored before have no hazards: an answer to one snoozes nothing, and the card is shown once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.add_column("cards", sa.Column("hazards", sa.Text, nullable=False, server_default="[]"))
    op.add_column("cards", sa.Column("beside", sa.Text, nullable=False, server_default="{}"))
    # The report selects by time.
    op.create_index("cards_at", "cards", ["tenant", "at"])
    op.add_column("checkpoints", sa.Column("seal", sa.String(64), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        # TRUNCATE does not fire the triggers on rows. SQLite has no such statement.
        op.execute(
            "CREATE TRIGGER evaluations_not_emptied BEFORE TRUNCATE ON evaluations "
            "FOR EACH STATEMENT EXECUTE FUNCTION evaluations_guard()"
        )


def downgrade() -> None:
    """Remove them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER evaluations_not_emptied ON evaluations")
    op.drop_column("checkpoints", "seal")
    op.drop_index("cards_at", "cards")
    op.drop_column("cards", "beside")
    op.drop_column("cards", "hazards")
