"""A card as the EHR of its tenant can show it.

A card is written in GitHub Markdown with bullets. A tenant may ask for the orders as a table, or for plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cds_service.trust.dialect import CardDialect, CardText

# How one EHR is told that a detail is no Markdown; others leave it alone.
CONTENT_TYPE = "com.epic.cdshooks.card.detail.content-type"
_PLAIN_TEXT = "text/plain"
_MARKUP = re.compile(r"\\(.)|\*\*")


def in_dialect(card: Mapping[str, Any], dialect: CardDialect) -> dict[str, Any]:
    """A card as it is sent: the same, or with a plain detail that says it is one."""
    if dialect.text is CardText.MARKDOWN:
        return dict(card)
    told = {"detail": plain_text(card["detail"]), "extension": card["extension"] | {CONTENT_TYPE: _PLAIN_TEXT}}
    return {**card, **told}


def plain_text(markdown: str) -> str:
    """Our Markdown without its marks: what was escaped stands as it was meant, headings lose their asterisks."""
    return _MARKUP.sub(lambda mark: mark.group(1) or "", markdown)
