"""How much of the formatting of a card the EHR of a tenant can show; the cards are written accordingly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
