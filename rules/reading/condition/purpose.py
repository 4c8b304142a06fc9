"""What an order is for: by its reasons, which are conditions, and by the words of its dosage."""

from __future__ import annotations

from dataclasses import replace

from rules.knowledge.concept import Concept, ConditionWording
from rules.knowledge.knowledge import Knowledge
from rules.model import Reason
from rules.numbers.memo import cached, memoised
from rules.reading.condition.concepts import matches
from rules.reading.condition.text import clauses_of, denies, is_doubtful, names, phrases


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
        if not (match.doubted or match.unverified or match.remission) and not _is_not_now(reason, concept.id, knowledge)
    }
    concepts, words = _in_orders(knowledge)
    displays = (coding.display for reason in reasons for coding in reason.codings)
    sent = (*texts, *filter(None, (*(reason.text for reason in reasons), *displays)))
    for text in map(clauses_of, dict.fromkeys(sent)):
        if not phrases(words).search(text) or is_doubtful(text, knowledge.condition_wording):
            continue
        found |= {name for name, (concept, wording) in concepts.items() if names(text, concept, wording)}
    return frozenset(
        concept for concept in found if not any(other in found for other in knowledge.concepts[concept].not_with)
    )


def _is_not_now(reason: Reason, name: str, knowledge: Knowledge) -> bool:
    """Whether the words of a reason tell of a condition only as past, to come or denied."""
    concept, wording = _in_orders(knowledge)[0][name]
    sent = (reason.text, *(coding.display for coding in reason.codings))
    return denies([clauses_of(words) for words in sent if words], concept, wording)


@cached
def _in_orders(knowledge: Knowledge) -> tuple[dict[str, tuple[Concept, ConditionWording]], tuple[str, ...]]:
    """The concepts by their ids, each by the names that orders have for it and with the phrases that deny it; and the
    words of them all.

    A "not" before a name denies it, which a diagnosis is not written with. Of a condition that expires, what is past or
    to come is denied as well: nothing is ordered for it now.
    """
    wording = knowledge.condition_wording
    in_orders = replace(
        wording, denials_before=tuple(dict.fromkeys((*wording.denials_before, *wording.remission_denials)))
    )
    of_acute = replace(
        in_orders,
        denials_before=tuple(dict.fromkeys((*in_orders.denials_before, *wording.not_now_before))),
        denials_after=tuple(dict.fromkeys((*wording.denials_after, *wording.not_now_after))),
    )
    concepts = {
        name: (
            replace(concept, names=(*concept.names, *concept.in_orders)),
            in_orders if concept.expires is None else of_acute,
        )
        for name, concept in knowledge.concepts.items()
    }
    words = tuple(word for concept in knowledge.concepts.values() for word in concept.in_orders)
    return concepts, (*knowledge.condition_names, *words)
