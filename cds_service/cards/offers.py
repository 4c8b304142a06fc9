"""What would be sent for each thing that cards offer, as one EHR files it: for `config check`."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.cards.draft_resources import draft_order
from cds_service.trust.orderables import Filing, Orderables
from rules.knowledge import Knowledge

_SOMEBODY = "Patient/x"
_CONCEPTS = ("medicationCodeableConcept", "code")
_OTHER = {
    Filing.REMOVAL: ("removal of a draft", "delete, by its resourceId"),
    Filing.END: ("end of an earlier order", "update, the order as it was sent with the status stopped"),
}


def offers_as_filed(orders: Orderables, knowledge: Knowledge) -> Iterator[str]:
    """A line for each thing: the resource with its codes, or that it is offered in words."""
    for name, offer in knowledge.suggestions.offers.items():
        resource = draft_order(offer, orders, _SOMEBODY, None)
        if resource is None:
            yield f"{name}: in words"
            continue
        concept = next(resource[key] for key in _CONCEPTS if key in resource)
        codes = [f"{code['system']}|{code['code']}" for code in concept.get("coding", ())]
        yield f"{name}: create {resource['resourceType']}, {', '.join(codes) or 'text alone'}"
    for filing, (what, action) in _OTHER.items():
        yield f"{what}: {action if filing in orders.files else 'in words'}"
