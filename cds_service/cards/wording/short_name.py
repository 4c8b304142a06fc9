"""The short name of a product, for a button: its ingredients, ours first, without strengths, salts and forms.

What is not one of our agents is read from a name that is written as RxNorm writes it::

    name       = { number unit } part { "/" part } rest ;
    part       = ingredient number unit ;
    ingredient = letter { letter | " " | "-" } ;

A name of another kind gives our agents alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rules.knowledge import Knowledge
from rules.reading.product import NotRelevant, read_name

# So many letters are read of a name, and so many further ingredients shown.
_MAX_READ = 300
_MAX_OTHERS = 3
_PART = re.compile(r"\s*([A-Za-z][A-Za-z -]{2,30}?)\s+[\d.,]+\s*(?:MG|MCG|UNT|MEQ|ML|G|%)(?![A-Za-z])", re.IGNORECASE)


def short_name(product: str, agents: Iterable[str], knowledge: Knowledge) -> str:
    """The short name of a product: ``hydrocodone/acetaminophen``.

    Args:
        product: its name, as it was sent.
        agents: the ids of its agents; without any the name stays as it is.
        knowledge: the names of the agents.
    """
    ours = [knowledge.agents[agent].name for agent in dict.fromkeys(agents)]
    if not ours:
        return product
    others = [] if "/" not in product else _others(product[:_MAX_READ], ours, knowledge)
    return "/".join((*ours, *others[:_MAX_OTHERS]))


def _others(product: str, ours: Iterable[str], knowledge: Knowledge) -> list[str]:
    """The ingredients of a name that are none of ours, by another name such as a brand either."""
    parts = [_PART.match(part) for part in product.split("/")]
    names = dict.fromkeys(part.group(1).lower() for part in parts if part is not None)
    return [
        name
        for name in names
        if not any(our.lower() in name for our in ours) and isinstance(read_name(name, knowledge), NotRelevant)
    ]
