"""The chain of a tenant followed from its first row to its last, with the cards and findings of each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import orjson
from sqlalchemy import Connection, Table, exists, func, or_, select

from cds_service.records.chain.links import (
    checkpoint_of,
    content_digest,
    head,
    linked_content,
    next_rows,
    purge_point,
    seal,
)
from cds_service.records.database import Row
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import card_findings, cards, evaluations, fired, store_keys

_SHARED_COLUMNS = ("tenant", "at", "service", "patient", "user")
"""What stands of a card in its evaluation too."""


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """A chain as it was verified.

    ``rows``: how many are intact; ``purged_until``: the sequence of the last row that was purged (0: none);
    ``sequence`` and ``link``: the last intact row; ``broken``: what is wrong with the next one, empty if nothing is.
    """

    tenant: str
    rows: int
    purged_until: int
    sequence: int
    link: str
    broken: str = ""


def verify(connection: Connection, tenant: str, *keys: Pseudonyms) -> ChainStatus:
    """Follow a tenant's chain from its first row to its last, or to the first that is wrong.

    Args:
        connection: in a transaction.
        tenant: whose chain it is.
        keys: those of the key file.
    """
    start, link = purge_point(connection, tenant)
    checkpoint = checkpoint_of(connection, tenant)
    if checkpoint is not None and all(checkpoint != seal(checkpoint, key) for key in keys):
        return ChainStatus(tenant, 0, start, start, link, f"who removed the rows up to {start} did not have the key")
    signatures = _Signatures.of(connection, keys)
    sequence, number = start, 0
    while rows := next_rows(connection, tenant, sequence):
        contents = _Contents(connection, tenant, rows[0]["sequence"], rows[-1]["sequence"])
        for row in rows:
            broken = _place(row, sequence, link) or signatures.problem_of(row) or contents.problem_of(row)
            if broken:
                return ChainStatus(tenant, number, start, sequence, link, broken)
            sequence, link, number = row["sequence"], row["link"], number + 1
    return ChainStatus(tenant, number, start, sequence, link, _cards_without_row(connection, tenant, start, sequence))


def writer_of(connection: Connection, tenant: str, keys: Sequence[Pseudonyms]) -> Pseudonyms | None:
    """The key that linked the last row of a tenant's chain, else its first row, or that sealed its purge."""
    last, _ = head(connection, tenant)
    start, _ = purge_point(connection, tenant)
    for after in (last - 1, start):
        for row in next_rows(connection, tenant, after)[:1]:
            for key in keys:
                if _is_linked(row, key):
                    return key
    checkpoint = checkpoint_of(connection, tenant)
    return next((key for key in keys if checkpoint is not None and checkpoint == seal(checkpoint, key)), None)


def _place(row: Row, sequence: int, link: str) -> str:
    """What is wrong with the place of a row behind the row ``sequence``, whose link is ``link``."""
    if row["sequence"] != sequence + 1:
        return f"row {sequence + 1} is missing"
    return "" if row["previous"] == link else f"row {row['sequence']} does not follow row {sequence}"


def _is_linked(row: Row, key: Pseudonyms) -> bool:
    content = {name: value for name, value in row.items() if name != "link"}
    return bool(row["link"] == key.link(row["previous"], linked_content(content)))


@dataclass(slots=True)
class _Signatures:
    """The keys that links are made with. A key that was replaced makes no further link."""

    held: Mapping[str, Pseudonyms]
    order: list[str]
    current: int = 0

    @classmethod
    def of(cls, connection: Connection, keys: tuple[Pseudonyms, ...]) -> Self:
        """The keys of the key file, and the order in which the store was written with keys."""
        order = connection.execute(select(store_keys.c.id).order_by(store_keys.c.number)).scalars()
        return cls({key.key_id: key for key in keys}, list(order))

    def problem_of(self, row: Row) -> str:
        """What is wrong with the link of a row, and with its key."""
        name = row["key"] or next(iter(self.order), "")
        if name not in self.order:
            return f"row {row['sequence']} was linked with key {name}, which the store does not know"
        if self.order.index(name) < self.current:
            return f"row {row['sequence']} was linked with key {name}, which had been replaced"
        if name not in self.held:
            return f"row {row['sequence']} was linked with key {name}, which the key file does not hold"
        self.current = self.order.index(name)
        return "" if _is_linked(row, self.held[name]) else f"row {row['sequence']} is not as it was written"


class _Contents:
    """The findings and cards that belong to some rows of a tenant's chain."""

    def __init__(self, connection: Connection, tenant: str, first: int, last: int) -> None:
        """Read those of the rows ``first`` to ``last``."""
        self._found, self._shown, self._raised = (
            _by_sequence(connection, table, tenant, first, last) for table in (fired, cards, card_findings)
        )

    def problem_of(self, row: Row) -> str:
        """What is wrong with them, by what the row says of them."""
        number = row["sequence"]
        shown = self._shown.get(number, [])
        told = sorted(map(tuple, orjson.loads(row["cards"])))
        stored = sorted((card["uuid"], card["topic"], card["indicator"], card["verdict"]) for card in shown)
        same = all(card[name] == row[name] for card in shown for name in _SHARED_COLUMNS)
        # Rows of version 0.3.0 and before have no digest: of their cards no more can be said.
        digest = row["content"] and content_digest(self._found.get(number, []), shown, self._raised.get(number, []))
        if told == stored and same and digest == row["content"]:
            return ""
        return f"the cards of row {number} are not as they were written"


def _by_sequence(connection: Connection, table: Table, tenant: str, first: int, last: int) -> Mapping[int, list[Row]]:
    """The rows of a table that belong to some rows of a chain, by the sequence number of these."""
    found: dict[int, list[Row]] = defaultdict(list)
    own = (table.c.tenant == tenant, table.c.sequence.between(first, last))
    for row in connection.execute(select(table).where(*own)).mappings():
        found[row["sequence"]].append({str(name): value for name, value in row.items()})
    return found


def _cards_without_row(connection: Connection, tenant: str, start: int, end: int) -> str:
    """What is wrong if cards stand before or behind the chain."""
    own = exists().where(evaluations.c.tenant == cards.c.tenant, evaluations.c.sequence == cards.c.sequence)
    outside = or_(cards.c.sequence <= start, cards.c.sequence > end)
    query = select(func.count()).select_from(cards).where(cards.c.tenant == tenant, outside, ~own)
    number = connection.execute(query).scalar()
    return f"{number} cards belong to no row" if number else ""
