"""The record of evaluations as a hash chain: each row carries a keyed link that depends on all rows before it.

:func:`verify` finds every row that was changed, removed or added without the key, and every card that is not as its row
has it. That rows are missing at the end is found by an :class:`Anchor`, the ends of the chains as they stood earlier.
"""

from cds_service.records.chain.anchor import Anchor, AnchorError, head_text, is_in_record, read_anchor
from cds_service.records.chain.links import (
    append,
    head,
    linked_content,
    lock_chain,
    next_rows,
    purge_point,
    rows_of,
    seal,
    tenants_of,
)
from cds_service.records.chain.verification import ChainStatus, verify, writer_of

__all__ = [
    "Anchor",
    "AnchorError",
    "ChainStatus",
    "append",
    "head",
    "head_text",
    "is_in_record",
    "linked_content",
    "lock_chain",
    "next_rows",
    "purge_point",
    "read_anchor",
    "rows_of",
    "seal",
    "tenants_of",
    "verify",
    "writer_of",
]
