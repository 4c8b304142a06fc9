"""A site's own words for cards, rendered with values as cards have them: texts that would never be shown are told.

The values are those of the cards of the stories in ``fhir_fixtures``. For a message that none of them shows, values of
the same names are put together until the shipped text can be rendered with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, product

import orjson

from cds_service.cards.cards import cards_for
from cds_service.cards.wording.language import ENGLISH, Language, Message, load_language
from cds_service.cards.wording.wording import FAILURES_OF_A_TEXT, Wording, wording_of
from cds_service.config import Settings
from cds_service.hooks.judge import Judge
from cds_service.policy.configuration import CARD_WORDING, PolicyConfiguration
from cds_service.services import service_for_hook
from cds_service.trust.tenant import Mode, Tenant
from fhir_fixtures import stories
from rules.knowledge import Knowledge

Values = Mapping[str, object]
_PLAIN: tuple[object, ...] = (("one", "another"), Fraction(20), "one", True)
"""Values of each kind that a text may be given."""
_MAX_TRIED = 2_000
_MAX_OF_A_MESSAGE = 3


class _ObservedWording(Wording):
    """Renders messages, and notes the values that each was given."""

    def __init__(self, language: Language, knowledge: Knowledge, country: str) -> None:
        self.noted: dict[str, list[Values]] = {}
        super().__init__(language, knowledge, country)

    def rendered(self, message: str, values: Values) -> str:
        """The text of a message."""
        self.noted.setdefault(message, []).append(values)
        return super().rendered(message, values)


def failing_own_words(configuration: PolicyConfiguration) -> Iterator[str]:
    """A line for each text of the site that fails, or says nothing, with every value that was tried."""
    tenant = configuration.open_tenant
    wording = wording_of(tenant.knowledge, ENGLISH, tenant.own_words, tenant.country)
    own, shipped = wording.language.replaced, Wording(load_language(), tenant.knowledge, tenant.country)
    samples = _values_in_stories(tenant) if own else {}
    for name in own:
        tried = samples.get(name) or list(_put_together(shipped, name, samples))
        if tried and not any(_says_something(wording, wording.language.messages[name], values) for values in tried):
            yield f"{CARD_WORDING}: own words: messages.{name}: fails, or says nothing, with every value that was tried"


def _says_something(wording: Wording, message: Message, values: Values) -> bool:
    try:
        return bool(wording.render(message, values))
    except FAILURES_OF_A_TEXT:
        return False


def _values_in_stories(tenant: Tenant) -> Mapping[str, Sequence[Values]]:
    """The values that each message is given on the cards of the stories."""
    observed = _ObservedWording(load_language(), tenant.knowledge, tenant.country)
    judge = Judge(Settings().request_limits)
    for story in stories():
        service = service_for_hook(story.hook)
        if service is None or story.request is None:
            continue
        evaluation = judge.evaluate(tenant, service, orjson.dumps(story.request), story.on)
        if evaluation.assessment is not None:
            off = tenant.findings_in_mode(Mode.OFF)
            cards_for(evaluation.assessment, evaluation.invocation, observed, off, tenant.dialect)
    return observed.noted


def _put_together(shipped: Wording, name: str, samples: Mapping[str, Sequence[Values]]) -> Iterator[Values]:
    """Some values that the shipped text of a message can be rendered with, if any are found."""
    message = shipped.language.messages[name]
    by_name: dict[str, list[object]] = {value: [] for value in sorted(message.values)}
    for values in (values for each in samples.values() for values in each[:_MAX_OF_A_MESSAGE]):
        for value in by_name.keys() & values.keys():
            if values[value] is not None and values[value] not in by_name[value]:
                by_name[value].append(values[value])
    candidates = [(*found[:_MAX_OF_A_MESSAGE], *_PLAIN) for found in by_name.values()]
    for chosen in islice(product(*candidates), _MAX_TRIED):
        values = dict(zip(by_name, chosen, strict=True))
        if _says_something(shipped, message, values):
            yield values
            return
