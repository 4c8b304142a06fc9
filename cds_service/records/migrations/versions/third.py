"""The keys of the store; in each evaluation, the key of its link and a digest of its cards and findings.

Rows written before have neither. Their key is the first of ``store_keys``, which the program enters once it has
verified that it wrote them (:mod:`cds_service.records.store_keys`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "store_keys",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(16), nullable=False, unique=True),
        sa.Column("proof", sa.String(64), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
    )
    op.add_column("evaluations", sa.Column("key", sa.String(16), nullable=False, server_default=""))
    op.add_column("evaluations", sa.Column("content", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Refuse: links that cover the new columns could not be verified without them."""
    raise RuntimeError("the third step cannot be taken back")
