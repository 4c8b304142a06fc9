"""An anchor: the ends of all chains as they stood once, kept by the deployment apart from the database.

A record from which rows were cut at the end has no gap; only an anchor tells that it was longer. Its text is
sealed with the key, so that an anchor that was shortened or made up is refused::

    benzo-cds anchor of 2026-11-29T06:25:33.123456Z, key 5f0c1c2b3a49
    general-hospital:18204:5b0c...
    seal 91aa...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from cds_service.records.chain.links import head, purge_point, rows_of, tenants_of
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.timestamps import format_timestamp

_FIRST_LINE = re.compile(r"benzo-cds anchor of (\S+), key ([0-9a-f]+)")
_SEAL = "seal "
# The digits of the largest number that a database keeps.
_MAX_SEQUENCE_LENGTH = 18


class AnchorError(ValueError):
    """A file is no anchor, or one that was changed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The ends of all chains: ``tenant:sequence:link`` each. ``at``: when they stood so, as the store writes times."""

    at: str
    heads: tuple[str, ...]

    @classmethod
    def now(cls, connection: Connection, at: datetime) -> Anchor:
        """The ends of all chains now."""
        ends = ((tenant, *head(connection, tenant)) for tenant in tenants_of(connection))
        return cls(format_timestamp(at), tuple(head_text(*end) for end in ends))

    def text(self, key: Pseudonyms) -> str:
        """The text of its file, sealed with a key."""
        body = "".join(f"{line}\n" for line in (f"benzo-cds anchor of {self.at}, key {key.key_id}", *self.heads))
        return f"{body}{_SEAL}{key.link('anchor', body.encode())}\n"


def head_text(tenant: str, sequence: int, link: str) -> str:
    """The end of a chain as it is printed and kept."""
    return f"{tenant}:{sequence}:{link}"


def read_anchor(file: Path, keys: Iterable[Pseudonyms]) -> Anchor:
    """The anchor that a file holds.

    Raises:
        AnchorError: it cannot be read, is no anchor, or was sealed with none of the keys.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AnchorError(f"{file}: {getattr(error, 'strerror', None) or 'not text'}") from None
    body, found, seal = text.rpartition(_SEAL)
    first, *heads = body.splitlines() or [""]
    start = _FIRST_LINE.fullmatch(first)
    if not found or start is None:
        raise AnchorError(f"{file} is no anchor, or was cut off")
    key = next((key for key in keys if key.key_id == start[2]), None)
    if key is None:
        raise AnchorError(f"{file} was sealed with key {start[2]}, which the key file does not hold")
    if seal.strip() != key.link("anchor", body.encode()):
        raise AnchorError(f"{file} is not as it was written")
    return Anchor(start[1], tuple(heads))


def is_in_record(connection: Connection, text: str) -> bool:
    """Whether the end of a chain that was printed or kept earlier is in the record, or was purged from it."""
    tenant, _, rest = text.partition(":")
    number, _, link = rest.partition(":")
    if not number.isdecimal() or len(number) > _MAX_SEQUENCE_LENGTH:
        return False
    sequence = int(number)
    if sequence <= purge_point(connection, tenant)[0]:
        return True
    row = next(rows_of(connection, tenant, sequence - 1), None)
    return row is not None and (row["sequence"], row["link"]) == (sequence, link)
