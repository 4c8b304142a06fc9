"""The messages of cards in one language: a YAML file of Jinja texts that a pharmacist reads and signs.

An entry declares the values that its texts may use. A text holds no figure: every number is a value, and is shown as
people read it. What a file or a site's own words get wrong is refused with the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import files

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rules.knowledge import KnowledgeError, Refusals, Section, digest_of, parse_yaml, suggestion
from rules.numbers import cached

ENGLISH = "en"
OWN_WORDS = "own words"
# What every text may use beside its values: a citation, a figure of the guidance, a contact, a message without values.
CITE, FIGURE, CONTACT, MESSAGE = "cite", "figure", "contact", "message"
FILTERS = ("listed", "capitalised", "uncapitalised", "exactly", "plainly", "load")
TESTS = ("several",)
# The only argument that may be a number: how many items of a list are named.
_COUNTING = "listed"
_BRIEF = "brief"
# What a text may ask of a figure or a contact, and of a loop.
_PARTS = frozenset({"low", "high", "label", "reach"})
_PARTS_OF_LOOP = frozenset({"first", "last", "index0"})
# What a site may not say in words of its own.
LOCKED = frozenset({"phrases.do_not_stop"})
MAX_OWN_LENGTH = 800
# Texts show, ask and list: they work nothing out, and define or include nothing.
_PLAIN_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Const, nodes.Filter,
    nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Call,
    nodes.Getattr, nodes.Getitem, nodes.Concat, nodes.Tuple, nodes.List,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """A text and the values that it may use. ``id``: group, entry and, where an entry has several texts, which."""

    id: str
    text: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Language:
    """The messages of one language by id. ``glossary``: what each value is.

    ``replaced``: the shipped messages that a site's own take the place of; ``own_digest`` names the site's words.
    """

    code: str
    reviewed: date
    messages: Mapping[str, Message]
    glossary: Mapping[str, str]
    replaced: Mapping[str, Message] = field(default_factory=dict)
    own_digest: str = ""


@cached
def load_language(code: str = ENGLISH, own_words: str | None = None) -> Language:
    """The shipped messages of a language, with a site's own words in the place of some.

    Args:
        code: the language, which is the name of its file.
        own_words: YAML whose ``messages`` are texts by the id of the message that each takes the place of.

    Raises:
        KnowledgeError: a text is not what it must be; the place is named.
    """
    if own_words is not None:
        return _with_own(load_language(code), own_words)
    name = f"{code}.yaml"
    return read_language(files(__package__).joinpath(name).read_text(encoding="utf-8"), name)


def read_language(text: str, name: str) -> Language:
    """A file of messages, every text of it checked.

    Raises:
        KnowledgeError: a text is not what it must be; the place is named.
    """
    top = Section(name, parse_yaml(text, name))
    top.only(("language", "reviewed", "values", "messages"))
    glossary = {key: top.section("values").text(key) for key in top.section("values").data}
    messages = {message.id: message for message in _messages(top.section("messages"), glossary)}
    return Language(top.text("language"), top.day("reviewed"), messages, glossary)


def _messages(groups: Section, glossary: Mapping[str, str]) -> Iterator[Message]:
    for group, entries in groups.sections():
        for entry, section in entries.sections():
            values = section.texts("values")
            for value in values:
                if value not in glossary:
                    raise KnowledgeError(section.at("values"), f"{value!r} is not among the values of this file")
            for key in section.data:
                if key != "values":
                    identity = f"{group}.{entry}" if key == "text" else f"{group}.{entry}.{key}"
                    # A finding that other sections of a card tell of may have no brief text.
                    text = "" if key == _BRIEF and not section.has(key) else section.text(key)
                    yield _checked(Message(identity, text, frozenset(values)), section.at(key))


def _with_own(language: Language, own_words: str) -> Language:
    top, refusals = Section(OWN_WORDS, parse_yaml(own_words, OWN_WORDS)), Refusals()
    with refusals.noted():
        top.only(("language", "reviewed", "messages"))
        if top.text("language") != language.code:
            raise KnowledgeError(top.at("language"), f"must be {language.code!r}")
        top.day("reviewed")
    section = top.section("messages")
    own = {}
    for key in section.data:
        with refusals.noted():
            if key not in language.messages:
                meant = suggestion(key, tuple(language.messages)).partition("; known here")[0]
                raise KnowledgeError(section.at(key), f"is no message{meant}")
            own[key] = _own(Message(key, section.text(key), language.messages[key].values), section.at(key))
    refusals.refuse()
    replaced = {key: language.messages[key] for key in own}
    messages = {**language.messages, **own}
    return replace(language, messages=messages, replaced=replaced, own_digest=digest_of(top.data) if own else "")


def _own(message: Message, where: str) -> Message:
    """A site's own text, which is checked like ours and further is no HTML, no link, not long, and no locked one.

    Raises:
        KnowledgeError: it is not what it must be.
    """
    if message.id in LOCKED:
        raise KnowledgeError(where, "is not for a site to change")
    if len(message.text) > MAX_OWN_LENGTH:
        raise KnowledgeError(where, f"has more than {MAX_OWN_LENGTH} characters")
    if "<" in message.text or "](" in message.text:
        raise KnowledgeError(where, "holds HTML or a link")
    return _checked(message, where)


def named_in(language: Language) -> Iterator[tuple[str, str, str]]:
    """Every source, figure, contact and message that a text names: the message, which of the four, and the name."""
    for message in language.messages.values():
        for call in _environment().parse(message.text).find_all(nodes.Call):
            named = call.args[0] if len(call.args) == 1 else None
            if isinstance(call.node, nodes.Name) and isinstance(named, nodes.Const):
                yield message.id, call.node.name, str(named.value)


def _environment() -> ImmutableSandboxedEnvironment:
    """An environment that reads messages; the filters get their meaning from :class:`Wording`."""
    environment = ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=False)
    environment.filters = dict.fromkeys(FILTERS, _unused)
    environment.tests = {**environment.tests, **dict.fromkeys(TESTS, _unused)}
    return environment


def _is_part(node: nodes.Getattr) -> bool:
    """Whether an attribute is one that a figure, a contact or a loop has."""
    if isinstance(node.node, nodes.Call):
        return node.attr in _PARTS
    return isinstance(node.node, nodes.Name) and node.node.name == "loop" and node.attr in _PARTS_OF_LOOP


def _unused(value: object) -> object:
    """Stands for a filter where texts are only checked."""
    return value


def _checked(message: Message, where: str) -> Message:
    """The message itself.

    Raises:
        KnowledgeError: not a Jinja text, a value that is not declared, a filter that is none, or a figure in the text.
    """
    environment = _environment()
    try:
        tree = environment.parse(message.text)
        environment.compile(tree)
    except TemplateSyntaxError as problem:
        raise KnowledgeError(where, f"not readable: {problem.message}") from None
    for name in sorted(meta.find_undeclared_variables(tree) - {CITE, FIGURE, CONTACT, MESSAGE} - message.values):
        raise KnowledgeError(where, f"uses {name!r}, which is not declared")
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _PLAIN_NODES):
            raise KnowledgeError(where, f"holds {type(node).__name__}, which a text does not need")
        if isinstance(node, nodes.For) and (not isinstance(node.iter, nodes.Name) or any(node.find_all(nodes.For))):
            raise KnowledgeError(where, "loops over something else than the items of one value")
        if isinstance(node, nodes.Getattr) and not _is_part(node):
            raise KnowledgeError(where, f"asks for {node.attr!r} of what has no such part")
    keys = {id(node.args[0]) for node in tree.find_all(nodes.Call) if node.args}
    counts = {id(arg) for node in tree.find_all(nodes.Filter) if node.name == _COUNTING for arg in node.args}
    for constant in tree.find_all(nodes.Const):
        if id(constant) not in keys | counts and any(char.isdigit() for char in str(constant.value)):
            raise KnowledgeError(where, f"holds the figure {constant.value!r}; a figure is a value")
    for data in tree.find_all(nodes.TemplateData):
        if any(char.isdigit() for char in data.data):
            raise KnowledgeError(where, f"holds a figure in {data.data.strip()!r}; a figure is a value")
    return message
