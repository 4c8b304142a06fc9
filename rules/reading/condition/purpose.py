"""What an order is for: by its reasons, which are conditions, and by the words of its dosage."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from rules.knowledge.concept import Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import Reason
from rules.numbers.memo import memoised
from rules.reading.condition.concepts import matches
from rules.reading.condition.text import clauses_of, is_doubtful, names, phrases


@memoised
def purposes_of(reasons: tuple[Reason, ...], texts: tuple[str, ...], knowledge: Knowledge) -> frozenset[str]:
    """The ids of the concepts that an order is for, as far as that is beyond doubt.

    Args:
        reasons: what it says that it is for.
        texts: the words of its dosage. In them, and in those of a reason, a concept's ``in_orders`` stand for it too.
        knowledge: the concepts.
    """
    found = {
        concept.id
        for reason in reasons
        for concept, match in matches(reason.codings, reason.text, knowledge)
        if not (match.doubted or match.unverified or match.remission)
    }
    concepts, words, wording = _in_orders(knowledge)
    sent = (*texts, *(reason.text for reason in reasons if reason.text))
    for text in map(clauses_of, dict.fromkeys(sent)):
        if not phrases(words).search(text) or is_doubtful(text, wording):
            continue
        found |= {concept.id for concept in concepts if names(text, concept, wording)}
    return frozenset(
        concept for concept in found if not any(other in found for other in knowledge.concepts[concept].not_with)
    )


@cache
def _in_orders(knowledge: Knowledge) -> tuple[tuple[Concept, ...], tuple[str, ...], ConditionWording]:
    """The concepts by the names that orders have for them, the words of all of these, and the phrases that deny them:
    also a "not" before them, which a diagnosis is not written with."""
    wording = knowledge.condition_wording
    concepts = tuple(
        replace(concept, names=(*concept.names, *concept.in_orders)) for concept in knowledge.concepts.values()
    )
    in_orders = tuple(words for concept in concepts for words in concept.in_orders)
    denials = tuple(dict.fromkeys((*wording.denials_before, *wording.remission_denials)))
    return concepts, (*knowledge.condition_names, *in_orders), replace(wording, denials_before=denials)
