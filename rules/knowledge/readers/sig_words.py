"""The lexicon of written dosages, read from ``sig_words.yaml`` and joined with the vocabulary of ``forms.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_lowercase

from rules.knowledge.lexicon.sig_words import Phrase, SigWords
from rules.knowledge.lexicon.tokens import tokenise
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, TimingCode
from rules.knowledge.lexicon.word_kinds import Word, WordKind
from rules.knowledge.problem import KnowledgeError, require_defined
from rules.knowledge.readers.section import Section, parse_ratio
from rules.numbers.quantity import DAYS_PER

FILE = "sig_words.yaml"
SECTIONS = (
    "reviewed", "source", "slips", "misspelt", "numbers", "added_fractions", "roman", "ordinals", "counted", "months",
    "words", "rates", "per_periods", "periods", "moment_prefixes", "moments", "moment_words", "clock_halves",
    "parts_of_day", "late_parts", "all_meals", "bedtimes", "day_patterns", "days", "day_groups", "routes", "units",
    "maxima", "figures",
)  # fmt: skip
VALUED = {
    "numbers": WordKind.NUMBER,
    "added_fractions": WordKind.ADDED,
    "roman": WordKind.ROMAN,
    "ordinals": WordKind.ORDINAL,
    "counted": WordKind.COUNTED,
    "months": WordKind.MONTH,
}


def read_sig_words(data: Mapping[str, object], vocabulary: DosingVocabulary) -> SigWords:
    """The lexicon of a parsed ``sig_words.yaml``; a phrase of it goes before the same spelling in ``forms.yaml``.

    Raises:
        KnowledgeError: a part is missing or of the wrong shape, a phrase has two meanings, or a name is not defined.
    """
    top = Section(FILE, data)
    top.only(SECTIONS)
    top.day("reviewed")
    top.text("source")
    meanings: dict[tuple[str, ...], Word] = {}
    for text, word, where in _stated(top, vocabulary):
        _add(meanings, text, word, where)
    for text, word in _of_forms(vocabulary):
        key = spelling_of(text)
        if key:
            meanings.setdefault(key, word)
    for key, word in list(_prefixed(top, meanings)):
        meanings.setdefault(key, word)
    figures = top.section("figures")
    words = top.section("words")
    moments = [code for key in ("parts_of_day", "day_patterns") for group in _groups(top, key) for code in group]
    for code in (*moments, *top.texts("late_parts"), *top.texts("all_meals"), *top.texts("bedtimes")):
        require_defined(code.lower(), vocabulary.moments, top.at("parts_of_day"))
    return SigWords(
        phrases=_by_first(meanings),
        single_words={key[0]: word for key, word in meanings.items() if len(key) == 1},
        longer_phrases=_by_first_two(meanings),
        misspelt=_misspelt(top, frozenset(word for key in meanings for word in key)),
        rates={
            **{timing.code: timing for timing in vocabulary.timing_codes.values()},
            **{timing.code: timing for timing in _rates(top)},
            **{word: vocabulary.timing_codes[word] for word in words.texts("on") if word in vocabulary.timing_codes},
        },
        parts_of_day={code: place for place, group in enumerate(_groups(top, "parts_of_day")) for code in group},
        late_parts=frozenset(top.texts("late_parts")),
        all_meals=frozenset(top.texts("all_meals")),
        bedtimes=frozenset(top.texts("bedtimes")),
        day_patterns={len(codes): tuple(codes) for codes in _groups(top, "day_patterns")},
        clock_halves={key: frozenset(top.section("clock_halves").texts(key)) for key in ("am", "pm")},
        fractions=frozenset(figures.texts("fractions")),
        lengths={
            key: figures.section("length_denominators").text(key) for key in _keys(figures, "length_denominators")
        },
        comma_decimals=frozenset(figures.texts("comma_decimals")),
        unnumbered=frozenset(figures.texts("unnumbered")),
        unit_routes=frozenset(set(vocabulary.route_words) & set(vocabulary.units)),
        dispensed_at_least=figures.number("dispensed_at_least"),
        last_hour=figures.number("last_hour"),
        longest_word=max(len(word) for key in meanings for word in key),
        most_at_once=figures.number("most_at_once"),
        supply_intervals=frozenset(parse_ratio(text, "supply_intervals") for text in figures.texts("supply_intervals")),
        each_day=figures.texts("each_day"),
        misheard={
            word: parse_ratio(key, "misheard")
            for key in _keys(figures, "misheard")
            for word in figures.section("misheard").texts(key)
        },
        joined_interval=figures.number("joined_interval"),
        named_interval=figures.number("named_interval"),
        widest_range=figures.number("widest_range"),
    )


def _misspelt(top: Section, known: frozenset[str]) -> dict[str, str]:
    """The right spelling of misspelt words: those that the file lists, and slips of the pen that are no known word."""
    slips = top.section("slips")
    slips.only(("long", "short"))
    found: dict[str, str] = {}
    for right in slips.texts("long"):
        found |= {wrong: right for wrong in (*_slips(right), *_exchanges(right)) if wrong not in known}
    for right in slips.texts("short"):
        found |= {wrong: right for wrong in _slips(right) if wrong not in known}
    listed = {wrong: right for right in _keys(top, "misspelt") for wrong in top.section("misspelt").texts(right)}
    return found | listed


def _slips(word: str) -> Iterator[str]:
    """A word with one letter after the first left out or doubled, or two neighbours swapped."""
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]
        yield word[:place] + word[place] + word[place:]
        if place + 1 < len(word):
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _exchanges(word: str) -> Iterator[str]:
    """A word with one letter after the first exchanged for another, or put in."""
    for place in range(1, len(word) + 1):
        for letter in ascii_lowercase:
            yield word[:place] + letter + word[place:]
            if place < len(word):
                yield word[:place] + letter + word[place + 1 :]


def spelling_of(text: str) -> tuple[str, ...]:
    """The texts of a phrase's tokens, by which it is looked up."""
    if text.isascii() and text.islower() and text.replace(" ", "").isalpha():
        # Most phrases are plain words, and there are thousands of them.
        return tuple(text.split())
    return tuple(token.text for token in tokenise(text))


def _stated(top: Section, vocabulary: DosingVocabulary) -> Iterator[tuple[str, Word, str]]:
    """Every phrase of the file with its meaning and its path in the file."""
    for name, kind in VALUED.items():
        block = top.section(name)
        for key in block.data:
            value = parse_ratio(key, block.at(key))
            yield from ((text, Word(kind, value=value), block.at(key)) for text in block.texts(key))
    words = top.section("words")
    for key in words.data:
        if key not in set(WordKind):
            raise KnowledgeError(words.at(key), "is no kind of word")
        yield from ((text, Word(WordKind(key)), words.at(key)) for text in words.texts(key))
    for timing, entry in zip(_rates(top), top.items("rates"), strict=True):
        yield from ((text, Word(WordKind.RATE, timing.code), entry.at("words")) for text in entry.texts("words"))
    for days, entry in zip(_day_groups(top, vocabulary), top.items("day_groups"), strict=True):
        yield from ((text, Word(WordKind.DAYS, " ".join(days)), entry.at("words")) for text in entry.texts("words"))
    units = top.section("units")
    for key in units.data:
        yield from ((text, Word(WordKind.UNIT, key), units.at(key)) for text in units.texts(key))
    for name, kind, defined in (
        ("periods", WordKind.PERIOD, DAYS_PER),
        ("per_periods", WordKind.PER_PERIOD, DAYS_PER),
        ("routes", WordKind.ROUTE, vocabulary.routes),
        ("days", WordKind.DAY, vocabulary.days_of_week),
        ("maxima", WordKind.MAXIMUM, ("any", "day", "dose")),
        ("moments", WordKind.MOMENT, vocabulary.moments),
        ("moment_words", WordKind.MOMENT_WORD, vocabulary.moments),
    ):
        block = top.section(name)
        for key in block.data:
            require_defined(key.lower(), defined, block.at(key))
            yield from ((text, Word(kind, key), block.at(key)) for text in block.texts(key))


def _of_forms(vocabulary: DosingVocabulary) -> Iterator[tuple[str, Word]]:
    """The spellings of the vocabulary, without those that the grammar composes from digits and words."""
    for spelling, unit in vocabulary.units.items():
        if not spelling[0].isdigit():
            yield spelling, Word(WordKind.UNIT, unit.id)
    for spelling, period in vocabulary.periods.items():
        yield spelling, Word(WordKind.PERIOD, period)
    for spelling, route in vocabulary.route_words.items():
        yield spelling, Word(WordKind.ROUTE, route)
    for spelling, timing in vocabulary.timing_codes.items():
        if spelling.isalpha():
            yield spelling, Word(WordKind.RATE, timing.code)
    for spelling in sorted(vocabulary.as_needed_codes):
        yield spelling, Word(WordKind.AS_NEEDED)
    for kind, names in ((WordKind.SINGLE, vocabulary.single_codes), (WordKind.INFUSION, vocabulary.infusion_codes)):
        for spelling in sorted(names):
            if not any(character.isdigit() for character in spelling):
                yield spelling, Word(kind)


def _prefixed(top: Section, meanings: Mapping[tuple[str, ...], Word]) -> Iterator[tuple[tuple[str, ...], Word]]:
    """``in the morning``, ``at night``: a word for a moment after each of the prefixes."""
    prefixes = [spelling_of(prefix) for prefix in top.texts("moment_prefixes")]
    for key, word in meanings.items():
        if word.kind is WordKind.MOMENT_WORD:
            yield from ((prefix + key, Word(WordKind.MOMENT, word.code)) for prefix in prefixes)


def _add(meanings: dict[tuple[str, ...], Word], text: str, word: Word, where: str) -> None:
    key = spelling_of(text)
    if meanings.setdefault(key, word) != word:
        raise KnowledgeError(where, f"{text!r} stands for two different things ({meanings[key].kind}, {word.kind})")


def _by_first(meanings: dict[tuple[str, ...], Word]) -> dict[str, tuple[Phrase, ...]]:
    by_first: dict[str, list[Phrase]] = {}
    for key, word in meanings.items():
        by_first.setdefault(key[0], []).append(Phrase(key, word))
    return {first: tuple(phrases) for first, phrases in by_first.items()}


def _by_first_two(meanings: dict[tuple[str, ...], Word]) -> dict[tuple[str, str], tuple[Phrase, ...]]:
    """The phrases of two tokens or more, the longest first."""
    by_two: dict[tuple[str, str], list[Phrase]] = {}
    for key in sorted((key for key in meanings if key[1:]), key=len, reverse=True):
        by_two.setdefault((key[0], key[1]), []).append(Phrase(key, meanings[key]))
    return {begin: tuple(phrases) for begin, phrases in by_two.items()}


def _rates(top: Section) -> list[TimingCode]:
    """The rates of the file; the code of each is its first phrase."""
    rates: list[TimingCode] = []
    for entry in top.items("rates"):
        entry.only(("words", "times", "every", "unit"))
        require_defined(entry.text("unit"), DAYS_PER, entry.at("unit"))
        code = f"words:{entry.texts('words')[0]}"
        rates.append(TimingCode(code, entry.number("times"), entry.range_of("every"), entry.text("unit"), (), ()))
    return rates


def _day_groups(top: Section, vocabulary: DosingVocabulary) -> list[tuple[str, ...]]:
    groups: list[tuple[str, ...]] = []
    for entry in top.items("day_groups"):
        entry.only(("words", "days"))
        for day in entry.texts("days"):
            require_defined(day, vocabulary.days_of_week, entry.at("days"))
        groups.append(entry.texts("days"))
    return groups


def _groups(top: Section, key: str) -> list[list[str]]:
    """A list of lists of texts."""
    value = top.data.get(key)
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        raise KnowledgeError(top.at(key), "must be a list of lists")
    return [[str(item) for item in group] for group in value]


def _keys(top: Section, key: str) -> tuple[str, ...]:
    return tuple(top.section(key).data)
