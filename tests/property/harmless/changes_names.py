"""How the product is named: letters, marks, order of the words, codes."""

from __future__ import annotations

import re

from strategies import KNOWLEDGE

from harmless import Keeps, harmless
from harmless.sent import RXNORM, Sent
from rules.knowledge.listed_product import ListedProduct

_FULL_WIDTH = {code: code - 0x21 + 0xFF01 for code in range(0x21, 0x7F)}
_WORD = re.compile(r"[A-Za-z]{5,}")
_SALTS = ("hydrochloride", "tartrate", "bitartrate", "sulfate", "maleate", "mesylate", "sodium")


def _rename(sent: Sent, form) -> None:
    """Every picked product of ours by a name made of its own, without its codes."""
    for order in sent.orders():
        name = sent.name(order)
        sent.rename(order, form(name) if name is not None else None)


def _in_first_word(name: str, mark: str) -> str:
    """A mark within the first long word of a name."""
    return _WORD.sub(lambda word: f"{word[0][:3]}{mark}{word[0][3:]}", name, count=1)


def _after_first_word(name: str, mark: str) -> str:
    return _WORD.sub(lambda word: word[0] + mark, name, count=1)


def _brand(product: ListedProduct) -> str | None:
    """A product of the same ingredients, form and release under a brand."""
    for code in KNOWLEDGE.products.codes_by_agent[product.ingredients[0].agent]:
        other = KNOWLEDGE.products[code]
        same = (other.ingredients, other.form, other.release) == (product.ingredients, product.form, product.release)
        if same and other.term_type == "SBD":
            return other.name
    return None


@harmless()
def name_in_capitals(sent: Sent) -> None:
    """Pharmacy systems write names in capitals; letters have no case in a drug's name."""
    _rename(sent, str.upper)


@harmless()
def name_in_small_letters(sent: Sent) -> None:
    """Letters have no case in a drug's name."""
    _rename(sent, str.lower)


@harmless()
def name_in_tall_man_letters(sent: Sent) -> None:
    """Tall man letters set look-alike names apart and mean the same drug."""
    _rename(sent, lambda name: _WORD.sub(lambda word: word[0][:2] + word[0][2:6].upper() + word[0][6:], name, count=1))


@harmless()
def trade_mark(sent: Sent) -> None:
    """A mark of registration after the name is no part of it."""
    _rename(sent, lambda name: _after_first_word(name, sent.picked("™", "®", "℠", "(TM)", "(R)", " ®", " (R)")))


@harmless()
def zero_width_character(sent: Sent) -> None:
    """Characters without width come from copied text and cannot be seen."""
    _rename(sent, lambda name: _in_first_word(name, sent.picked("\u200b", "\u200d", "\u2060", "\ufeff", "\u200c")))


@harmless()
def soft_hyphen(sent: Sent) -> None:
    """A soft hyphen marks where a word may be broken; it cannot be seen."""
    _rename(sent, lambda name: _in_first_word(name, "\u00ad"))


@harmless()
def control_character(sent: Sent) -> None:
    """A NUL or another control character is left over from a fixed-width field."""
    _rename(sent, lambda name: sent.picked(_in_first_word, _after_first_word)(name, sent.picked("\0", "\x1f", "\x7f")))


@harmless()
def control_characters_at_the_end(sent: Sent) -> None:
    """A fixed-width field is filled up with NUL or spaces."""
    _rename(sent, lambda name: name + sent.picked("\0\0\0", "      ", "\r\n", "\t"))


@harmless()
def other_spaces(sent: Sent) -> None:
    """Non-breaking, thin and ideographic spaces are spaces."""
    _rename(sent, lambda name: name.replace(" ", sent.picked("\u00a0", "\u2009", "\u202f", "\u3000", "\t", "  ", "\n")))


@harmless()
def full_width_letters(sent: Sent) -> None:
    """Full-width forms are the same letters and figures."""
    _rename(sent, lambda name: name.translate(_FULL_WIDTH))


@harmless()
def marks_of_direction(sent: Sent) -> None:
    """Marks of writing direction cannot be seen."""
    _rename(
        sent, lambda name: sent.picked("\u200e", "\u202a", "\u2068") + name + sent.picked("\u200e", "\u202c", "\u2069")
    )


@harmless()
def salt_abbreviated(sent: Sent) -> None:
    """A salt is often abbreviated or left out: oxycodone HCl is oxycodone hydrochloride."""
    short = {"hydrochloride": sent.picked("HCl", "HCL", "Hcl", ""), "bitartrate": sent.picked("bitart", "")}
    for salt in _SALTS:
        short.setdefault(salt, "")
    _rename(sent, lambda name: re.sub("|".join(short), lambda found: short[found[0]], name))


@harmless()
def words_reversed(sent: Sent) -> None:
    """Some formularies put the form first: "tablet, alprazolam 1 mg"."""

    def reversed_words(name: str) -> str:
        found = re.fullmatch(r"(?P<rest>.*) Oral (?P<form>Tablet|Capsule)", name)
        if found is None:
            return name
        return sent.picked("{form}, {rest}", "{form} {rest}", "{rest}, {form}", "{rest} - {form}").format(
            **found.groupdict()
        )

    _rename(sent, reversed_words)


@harmless()
def strength_behind_the_form(sent: Sent) -> None:
    """Some formularies write the strength last: "ALPRAZolam Tablet 1 mg"."""
    _rename(sent, lambda name: re.sub(r"^(\D+?) ([\d.]+ MG) Oral (Tablet|Capsule)$", r"\1 \3 \2", name))


@harmless()
def brand_for_generic(sent: Sent) -> None:
    """A brand of the same strength and form is the same drug."""
    for order in sent.orders():
        product = sent.product(order)
        brand = _brand(product) if product is not None else None
        if brand is not None:
            short = re.sub(r"^.*?([\d.]+ MG)\b.*\[(.+)\]$", r"\2 \1 tablet", brand)
            sent.rename(order, sent.picked(brand, short) if " / " not in brand else brand)


@harmless()
def brand_beside_generic(sent: Sent) -> None:
    """A brand in brackets behind the generic name is the same drug."""
    for order in sent.orders():
        product = sent.product(order)
        brand = _brand(product) if product is not None else None
        if product is not None and brand is not None:
            trade = brand.rsplit("[", 1)[-1].rstrip("]")
            sent.rename(order, f"{product.name} ({trade})")


@harmless()
def form_abbreviated(sent: Sent) -> None:
    """Pharmacy systems abbreviate the form: TAB, CAP."""
    short = sent.picked("{} TAB", "{} TABS", "{} TB", "{} tab", "{} Tabs", "{} PO TAB")

    def abbreviated(name: str) -> str:
        name = re.sub(r" Oral Tablet$", short.removeprefix("{}"), name)
        return re.sub(r" Oral Capsule$", short.removeprefix("{}").replace("TAB", "CAP").replace("TB", "CAP"), name)

    _rename(sent, abbreviated)


@harmless()
def strength_without_space(sent: Sent) -> None:
    """ "1MG" is "1 MG"."""
    _rename(
        sent,
        lambda name: re.sub(
            r"(\d) (MG|ML|HR)\b", lambda found: found[1] + sent.picked(found[2], found[2].lower()), name
        ),
    )


@harmless()
def combination_abbreviated(sent: Sent) -> None:
    """Pharmacy systems write hydrocodone with acetaminophen short."""
    short = (
        "HYDROCODONE-ACETAMINOPHEN 5-325 MG TABLET",
        "HYDROCODONE/APAP 5-325 MG TAB",
        "HYDROCO/APAP 5-325MG",
        "Hydrocodone-Acetaminophen 5-325 mg per tablet",
        "HYDROCODONE BIT/ACETAMINOPHEN 5 MG-325 MG TABLET",
    )
    for order in sent.orders():
        if (sent.name(order) or "").startswith("acetaminophen 325 MG / hydrocodone bitartrate 5 MG"):
            sent.rename(order, sent.picked(*short))


@harmless()
def remark_behind_the_name(sent: Sent) -> None:
    """A formulary's remark behind the name is no part of it."""
    remarks = (" (C-IV)", " CIV", " *controlled*", " (generic)", " - DAW 0", " [controlled substance]", " (CII)")
    _rename(sent, lambda name: name + sent.picked(*remarks))


@harmless()
def name_in_quotes(sent: Sent) -> None:
    """Punctuation around a name is no part of it."""
    _rename(sent, lambda name: sent.picked('"{}"', "[{}]", "<{}>", "*{}*", "{}.", "- {}", "{};").format(name))


@harmless()
def code_only(sent: Sent) -> None:
    """A product's code says what it is."""
    for order in sent.orders():
        concept = sent.concept(order)
        if concept is not None and sent.product(order) is not None:
            concept.pop("text", None)
            concept["coding"] = [
                {"system": coding.get("system"), "code": coding.get("code")} for coding in concept["coding"]
            ]
            if "medicationReference" in order:
                order["medicationReference"].pop("display", None)


@harmless()
def name_only(sent: Sent) -> None:
    """The full name says what a product is."""
    _rename(sent, str)


@harmless()
def code_and_name(sent: Sent) -> None:
    """Code and name say the same."""
    for order in sent.orders():
        sent.rename(order, sent.name(order), codes=True)


@harmless()
def display_only(sent: Sent) -> None:
    """A coding without a code has its display."""
    for order in sent.orders():
        name, concept = sent.name(order), sent.concept(order)
        if name is not None and concept is not None:
            concept.clear()
            concept["coding"] = [{"display": name}]


@harmless()
def local_code_before(sent: Sent) -> None:
    """A code of the EHR's own beside RxNorm's says nothing else."""
    for order in sent.orders():
        concept = sent.concept(order)
        if concept is not None:
            local = {"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.698288", "code": "35718", "userSelected": True}
            concept["coding"] = [local, *concept.get("coding", [])]


@harmless()
def local_code_and_name(sent: Sent) -> None:
    """A code of the EHR's own beside the full name."""
    for order in sent.orders():
        name, concept = sent.name(order), sent.concept(order)
        if name is not None and concept is not None:
            concept.clear()
            concept["coding"] = [
                {"system": "https://ehr.example/formulary", "code": sent.picked("ALPR1", "197901", "x")}
            ]
            concept["text"] = name


def _with_ingredient_code(sent: Sent, *, name: bool) -> None:
    for order in sent.orders():
        product, concept = sent.product(order), sent.concept(order)
        if product is None or concept is None or len(product.ingredients) != 1 or " / " in product.name:
            continue
        known = KNOWLEDGE.agents[product.ingredients[0].agent].codes
        # A code that was not verified is believed only beside a name.
        codes = [code.code for code in known if code.system == "rxnorm" and (name or code.verification != "unverified")]
        if codes:
            concept.clear()
            concept["coding"] = [{"system": RXNORM, "code": codes[0]}]
            if name:
                concept["text"] = product.name
            if "medicationReference" in order:
                order["medicationReference"].pop("display", None)


@harmless()
def ingredient_code_and_name(sent: Sent) -> None:
    """The code of the ingredient beside the full name of the product: the name tells the strength."""
    _with_ingredient_code(sent, name=True)


@harmless(Keeps.PRESENCE)
def ingredient_code_alone(sent: Sent) -> None:
    """The code of the ingredient says which drug it is, though not how strong."""
    _with_ingredient_code(sent, name=False)


@harmless(Keeps.PRESENCE)
def ingredient_name_alone(sent: Sent) -> None:
    """The name of the ingredient says which drug it is, though not how strong."""
    for order in sent.orders():
        product = sent.product(order)
        if product is not None and " / " not in product.name:
            sent.rename(order, KNOWLEDGE.agents[product.ingredients[0].agent].name)


@harmless(Keeps.TOLD)
def name_in_other_letters(sent: Sent) -> None:
    """A name in letters that are not read names a drug all the same; what it is cannot be told, and that is said."""
    sedatives_and_others = len({sent.name(order) for order in sent.all_orders()} - {None})
    for order in sent.record() if sedatives_and_others > 1 and not sent.at_discharge else []:
        sent.rename(order, sent.picked("алпразолам 1 мг таблетки", "アルプラゾラム錠", "阿普唑仑片"))


@harmless()
def system_as_oid(sent: Sent) -> None:
    """RxNorm's OID is RxNorm."""
    for order in sent.orders():
        for coding in (sent.concept(order) or {}).get("coding", []):
            if coding.get("system") == RXNORM:
                coding["system"] = sent.picked("urn:oid:2.16.840.1.113883.6.88", "2.16.840.1.113883.6.88", f"{RXNORM}/")
