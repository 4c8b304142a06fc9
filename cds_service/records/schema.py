"""The tables of the store. Patients, users and tokens stand in them as keyed hashes only.

Times are UTC text of one width (``2026-11-27T06:25:33.123456Z``), which sorts, and is the same in SQLite and in
PostgreSQL. ``evaluations`` is append-only and chained.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_Tenant = String(63)
_Time = String(27)
_Hash = String(64)
_Name = String(64)
_Code = String(200)
_Key = String(16)
_Number = BigInteger().with_variant(Integer, "sqlite")

evaluations = Table(
    "evaluations",
    metadata,
    Column("tenant", _Tenant, nullable=False),
    Column("sequence", _Number, nullable=False),
    Column("at", _Time, nullable=False),
    Column("service", _Name, nullable=False),
    Column("hook_instance", _Hash, nullable=False),
    Column("patient", _Hash, nullable=False),
    Column("user", _Hash, nullable=False),
    Column("knowledge", _Name, nullable=False),
    Column("program", _Name, nullable=False),
    Column("input", _Hash, nullable=False),
    Column("assessed", Boolean, nullable=False),
    Column("findings", Text, nullable=False),
    Column("cards", Text, nullable=False),
    Column("microseconds", _Number, nullable=False),
    Column("key", _Key, nullable=False),
    Column("content", _Hash, nullable=False),
    Column("previous", _Hash, nullable=False),
    Column("link", _Hash, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence"),
    Index("evaluations_at", "tenant", "at"),
)
"""One row for each call that was judged: a digest of the request, the result, and the link of the chain.

``key``: the id of the key of the link; ``content``: the digest of the rows of the call in the three tables below. Both
are empty in rows of version 0.3.0 and before, whose key is the first of ``store_keys``."""

fired = Table(
    "fired",
    metadata,
    Column("tenant", _Tenant, nullable=False),
    Column("sequence", _Number, nullable=False),
    Column("finding", _Name, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence", "finding"),
)
"""The findings of each call that raise a card, or would if the tenant showed them."""

cards = Table(
    "cards",
    metadata,
    Column("tenant", _Tenant, nullable=False),
    Column("sequence", _Number, nullable=False),
    Column("topic", _Name, nullable=False),
    Column("uuid", String(36), nullable=False),
    Column("at", _Time, nullable=False),
    Column("service", _Name, nullable=False),
    Column("patient", _Hash, nullable=False),
    Column("user", _Hash, nullable=False),
    Column("indicator", _Name, nullable=False),
    Column("verdict", _Name, nullable=False),
    Column("fingerprint", _Hash, nullable=False),
    Column("load", Text, nullable=True),
    Column("complete", Boolean, nullable=False),
    Column("speaks_of", Text, nullable=False),
    Column("hazards", Text, nullable=False),
    Column("beside", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence", "topic"),
    Index("cards_of_patient", "tenant", "patient", "topic", "at"),
    Index("cards_uuid", "tenant", "uuid"),
    Index("cards_at", "tenant", "at"),
)
"""Every card, shown or not. ``load``: the load it speaks of, as a fraction; null if unknown. ``hazards``: the
agents, conditions and gaps behind it; ``beside``: the amounts outside the load; both by keyed hash. There
stands also, as ``table``, the id of the table that the load is by."""

card_findings = Table(
    "card_findings",
    metadata,
    Column("tenant", _Tenant, nullable=False),
    Column("sequence", _Number, nullable=False),
    Column("topic", _Name, nullable=False),
    Column("finding", _Name, nullable=False),
    PrimaryKeyConstraint("tenant", "sequence", "topic", "finding"),
    ForeignKeyConstraint(
        ["tenant", "sequence", "topic"], ["cards.tenant", "cards.sequence", "cards.topic"], ondelete="CASCADE"
    ),
)
"""The findings that raised a card."""

answers = Table(
    "answers",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("tenant", _Tenant, nullable=False),
    Column("card", String(64), nullable=False),
    Column("outcome", _Name, nullable=False),
    Column("answered_at", _Time, nullable=False),
    Column("received_at", _Time, nullable=False),
    Column("reason", _Code, nullable=False),
    Column("suggestions", Text, nullable=False),
    UniqueConstraint("tenant", "card", "outcome", "answered_at", "reason"),
    Index("answers_received", "tenant", "received_at"),
)
"""The feedback of clients on cards; the same feedback twice is one row. ``reason``: one of our codes, an HL7 code,
``other``, or empty. Comments are not stored."""

tokens = Table(
    "tokens",
    metadata,
    Column("tenant", _Tenant, nullable=False),
    Column("identity", _Hash, nullable=False),
    Column("until", _Number, nullable=False),
    PrimaryKeyConstraint("tenant", "identity"),
    Index("tokens_until", "until"),
)
"""The ids of tokens that were used. ``until``: when each expires, in seconds of the Unix clock."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("tenant", _Tenant, primary_key=True),
    Column("sequence", _Number, nullable=False),
    Column("link", _Hash, nullable=False),
    Column("at", _Time, nullable=False),
    Column("seal", _Hash, nullable=False),
)
"""Where the chain of a tenant begins after a purge: the last purged row and its link. ``seal`` proves that the key was
used."""

store_keys = Table(
    "store_keys",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("id", _Key, nullable=False, unique=True),
    Column("proof", _Hash, nullable=False),
    Column("since", _Time, nullable=False),
    Column("seal", _Hash, nullable=False),
)
"""The keys that the store was written with; the one with the largest number is in force. ``proof`` is made by the key
itself, ``seal`` by the key before it, so that a key is only replaced by who has it."""
