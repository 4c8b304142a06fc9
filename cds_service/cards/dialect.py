"""What the EHR of a tenant can show, and a card's detail written so.

A card is written in GitHub Markdown with bullets. A tenant may ask for the orders as a table, or for plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# How one EHR is told that a detail is no Markdown; others leave it alone.
CONTENT_TYPE = "com.epic.cdshooks.card.detail.content-type"
_PLAIN_TEXT = "text/plain"
_MARKUP = re.compile(r"\\(.)|\*\*")


class CardText(StrEnum):
    """How the detail of a card is written."""

    MARKDOWN = "markdown"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class CardDialect:
    """What the EHR of a tenant can show. ``tables``: the orders as a table instead of bullets, in Markdown.
    ``one_action``: no suggestion holds more than one action; none of ours does, whatever is set."""

    text: CardText = CardText.MARKDOWN
    tables: bool = False
    one_action: bool = True

    @property
    def orders_as_table(self) -> bool:
        """Whether orders are written as a table: plain text has none."""
        return self.tables and self.text is CardText.MARKDOWN


MARKDOWN = CardDialect()
"""Markdown with bullets."""


def in_dialect(card: Mapping[str, Any], dialect: CardDialect) -> dict[str, Any]:
    """A card as it is sent: the same, or with a plain detail that says it is one."""
    if dialect.text is CardText.MARKDOWN:
        return dict(card)
    told = {"detail": plain_text(card["detail"]), "extension": card["extension"] | {CONTENT_TYPE: _PLAIN_TEXT}}
    return {**card, **told}


def plain_text(markdown: str) -> str:
    """Our Markdown without its marks: what was escaped stands as it was meant, headings lose their asterisks."""
    return _MARKUP.sub(lambda mark: mark.group(1) or "", markdown)
