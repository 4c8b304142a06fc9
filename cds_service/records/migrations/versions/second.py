"""What stood behind a card, for the snooze; the seal of what was purged; and a record is not emptied at one stroke.

A card of before says nothing of what stood behind it, and its answer snoozes nothing: it is shown once more.
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
    # The report goes by time.
    op.create_index("cards_at", "cards", ["tenant", "at"])
    op.add_column("checkpoints", sa.Column("seal", sa.String(64), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        # Triggers on rows are not asked there; SQLite has no such statement.
        op.execute(
            "CREATE TRIGGER evaluations_not_emptied BEFORE TRUNCATE ON evaluations "
            "FOR EACH STATEMENT EXECUTE FUNCTION evaluations_guard()"
        )


def downgrade() -> None:
    """Take them away again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER evaluations_not_emptied ON evaluations")
    op.drop_column("checkpoints", "seal")
    op.drop_index("cards_at", "cards")
    op.drop_column("cards", "beside")
    op.drop_column("cards", "hazards")
