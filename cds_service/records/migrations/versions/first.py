"""The first tables, and the triggers that keep the record of evaluations append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_SQLITE = (
    "CREATE TRIGGER evaluations_stay BEFORE UPDATE ON evaluations "
    "BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END",
    "CREATE TRIGGER evaluations_last BEFORE DELETE ON evaluations "
    "WHEN NOT EXISTS (SELECT 1 FROM checkpoints WHERE tenant = OLD.tenant AND sequence >= OLD.sequence) "
    "BEGIN SELECT RAISE(ABORT, 'evaluations are append-only'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION evaluations_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'DELETE' AND EXISTS "
    "(SELECT 1 FROM checkpoints WHERE tenant = OLD.tenant AND sequence >= OLD.sequence) "
    "THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'evaluations are append-only'; END $$",
    "CREATE TRIGGER evaluations_stay BEFORE UPDATE OR DELETE ON evaluations "
    "FOR EACH ROW EXECUTE FUNCTION evaluations_guard()",
)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "evaluations",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("hook_instance", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("knowledge", sa.String(64), nullable=False),
        sa.Column("program", sa.String(64), nullable=False),
        sa.Column("input", sa.String(64), nullable=False),
        sa.Column("assessed", sa.Boolean, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("cards", sa.Text, nullable=False),
        sa.Column("microseconds", _NUMBER, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sequence"),
    )
    op.create_index("evaluations_at", "evaluations", ["tenant", "at"])
    op.create_table(
        "fired",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sequence", "finding"),
    )
    op.create_table(
        "cards",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("indicator", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("load", sa.Text, nullable=True),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("speaks_of", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sequence", "topic"),
    )
    op.create_index("cards_of_patient", "cards", ["tenant", "patient", "topic", "at"])
    op.create_index("cards_uuid", "cards", ["tenant", "uuid"])
    op.create_table(
        "card_findings",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sequence", "topic", "finding"),
        sa.ForeignKeyConstraint(
            ["tenant", "sequence", "topic"], ["cards.tenant", "cards.sequence", "cards.topic"], ondelete="CASCADE"
        ),
    )
    op.create_table(
        "answers",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("card", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("answered_at", sa.String(27), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("suggestions", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant", "card", "outcome", "answered_at", "reason"),
    )
    op.create_index("answers_received", "answers", ["tenant", "received_at"])
    op.create_table(
        "tokens",
        sa.Column("tenant", sa.String(63), nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("until", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "identity"),
    )
    op.create_index("tokens_until", "tokens", ["until"])
    op.create_table(
        "checkpoints",
        sa.Column("tenant", sa.String(63), primary_key=True),
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    dialect = op.get_bind().dialect.name
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[dialect]:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: it would drop the record of evaluations."""
    raise RuntimeError("the first step cannot be taken back")
