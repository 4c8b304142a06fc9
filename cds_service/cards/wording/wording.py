"""What cards say, in the words of one language and with the figures and citations of one knowledge base."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date
from fractions import Fraction

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cds_service import logs
from cds_service.cards.wording.language import (
    CITE,
    CONTACT,
    ENGLISH,
    FIGURE,
    MESSAGE,
    OWN_WORDS,
    Language,
    Message,
    load_language,
    named_in,
)
from cds_service.config.place import DEFAULT_COUNTRY
from cds_service.working.numbers import exactly, plain, shown
from rules.knowledge import Contact, Figure, Knowledge, KnowledgeError, Refusals, Verification
from rules.numbers import cached

Values = Mapping[str, object]

_MOST = 3
FAILURES_OF_A_TEXT = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a text can raise at rendering: a value that is missing or of another kind, or an operation that it does not
have."""


@cached
def wording_of(
    knowledge: Knowledge, language: str = ENGLISH, own_words: str | None = None, country: str = DEFAULT_COUNTRY
) -> Wording:
    """The wording of a knowledge base in a language, with a site's own words, in a country; each is compiled once.

    Raises:
        KnowledgeError: the site's own words are not what they must be.
    """
    return Wording(load_language(language, own_words), knowledge, country)


class Wording:
    """Renders messages. Numbers are shown rounded, with "about" where they are; lists read as prose."""

    def __init__(self, language: Language, knowledge: Knowledge, country: str = DEFAULT_COUNTRY) -> None:
        self.language, self.knowledge, self.country = language, knowledge, country
        bands = knowledge.policy.bands
        self._bounds = (bands.low_up_to.value, bands.moderate_up_to.value)
        self._templates: dict[str, Template] = {}
        self._constants: dict[str, str] = {}
        environment = ImmutableSandboxedEnvironment(
            autoescape=False, undefined=StrictUndefined, finalize=self._text, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters = {
            "listed": self.listed,
            "capitalised": lambda value: capitalised(self._text(value)),
            "uncapitalised": lambda value: uncapitalised(self._text(value)),
            "exactly": exactly,
            "plainly": plain,
            "load": lambda value: shown(value, self._bounds),
        }
        environment.tests["several"] = _is_several
        environment.globals = {
            CITE: self._cite,
            FIGURE: self._figure,
            CONTACT: self._contact,
            MESSAGE: lambda message: self.say(message, {}),
        }
        self._environment = environment
        # Lists are joined by words that the language file holds.
        self._and = self.say("phrases.and", {})

    def check(self) -> None:
        """Refuse a text that cites what is no source or was not read, or names a figure or message that is none.

        Raises:
            KnowledgeError: the message is named.
        """
        known: Mapping[str, Container[str]] = {
            CITE: {
                name
                for name, source in self.knowledge.sources.items()
                if source.verification is not Verification.UNVERIFIED
            },
            FIGURE: self.knowledge.guidance,
            CONTACT: self.knowledge.suggestions.contacts,
            MESSAGE: {message.id for message in self.language.messages.values() if not message.values},
        }
        refusals = Refusals()
        for message, kind, name in named_in(self.language):
            file = OWN_WORDS if message in self.language.replaced else f"{self.language.code}.yaml"
            with refusals.noted():
                if name not in known.get(kind, ()):
                    raise KnowledgeError(f"{file}: {message}", f"{name!r} is none that a text may name")
        refusals.refuse()

    @property
    def policy(self) -> str:
        """The policy that cards of this wording rest on: the version of the knowledge, with a digest of own words."""
        own = self.language.own_digest
        return f"{self.knowledge.version}+words.{own}" if own else self.knowledge.version

    def say(self, message: str, values: Values) -> str:
        """A message with its values, on one line.

        Raises:
            KeyError: there is no such message.
            ValueError: a value is missing, or is not declared.
        """
        if not values and (constant := self._constants.get(message)) is not None:
            return constant
        if self.language.messages[message].values != values.keys():
            raise ValueError(f"{message}: the values differ from those declared")
        text = self.rendered(message, values)
        if not values:
            self._constants[message] = text
        return text

    def say_of(self, message: str, facts: Values) -> str:
        """A message with those of the facts that it declares; a fact that is missing is none. Empty without it."""
        declared = self.language.messages.get(message)
        if declared is None:
            return ""
        return self.rendered(message, {name: facts.get(name) for name in declared.values})

    def rendered(self, message: str, values: Values) -> str:
        """The text of a message. A site's own text that fails, or says nothing, gives way to the shipped one."""
        shipped = self.language.replaced.get(message)
        if shipped is None:
            return self.render(self.language.messages[message], values)
        try:
            text = self.render(self.language.messages[message], values)
        except FAILURES_OF_A_TEXT:
            text = ""
        if not text:
            logs.own_words_left_out(message)
            return self.render(shipped, values)
        return text

    def render(self, message: Message, values: Values) -> str:
        """The text of a message as it stands, with its values on one line.

        Raises:
            Exception: the text fails, with one of :data:`FAILURES_OF_A_TEXT`.
        """
        template = self._templates.get(message.text)
        if template is None:
            template = self._templates[message.text] = self._environment.from_string(message.text)
            # Jinja layers them, which costs more than the text at each rendering.
            template.globals = dict(template.globals)
        return " ".join(template.render(values).split())

    def listed(self, value: object, most: int = _MOST) -> str:
        """A list in prose, such as "a, b and c"; beyond ``most`` items the last ones are only counted."""
        if not isinstance(value, tuple | list):
            return self._text(value)
        words = [self._text(word) for word in value]
        if len(words) > most:
            hidden = len(words) - most + 1
            words = [*words[: most - 1], self.say("phrases.more", {"count": hidden})]
        if len(words) < 2:
            return "".join(words)
        return f"{', '.join(words[:-1])} {self._and} {words[-1]}"

    def _text(self, value: object) -> str:
        """A value as it is shown. A missing one, or a truth value, is none that a text can show."""
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, bool | StrictUndefined):
            raise TypeError("a text shows a value that is none")
        if isinstance(value, int | Fraction):
            return shown(Fraction(value))
        if isinstance(value, date):
            return value.isoformat()
        return self.listed(value) if isinstance(value, tuple | list) else str(value)

    def _cite(self, source: str) -> str:
        """How a text names a source."""
        return self.knowledge.sources[source].short

    def _figure(self, name: str) -> Figure:
        return self.knowledge.guidance[name]

    def _contact(self, name: str) -> Contact | None:
        """A contact, if it is one of the country."""
        contact = self.knowledge.suggestions.contacts.get(name)
        return contact if contact is not None and contact.country == self.country else None


def _is_several(value: object) -> bool:
    """Whether a list has more than one item, or a number is more than one."""
    if isinstance(value, tuple | list):
        return len(value) > 1
    return isinstance(value, int | Fraction) and value > 1


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def uncapitalised(text: str) -> str:
    """The text with its first letter in lower case."""
    return text[:1].lower() + text[1:]
