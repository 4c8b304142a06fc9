"""What was ordered: a CodeableConcept, or a reference to a Medication that is contained, sent beside, or not sent."""

from __future__ import annotations

from collections.abc import Callable

from cds_service.config.limits import MAX_TEXT_LENGTH
from cds_service.fhir.datatypes import codings_of, concept_label, concept_text, quantity_of, ratio_of
from cds_service.fhir.elements import (
    Element,
    Notes,
    NotReadableError,
    TooLongError,
    bounded_text_of,
    list_of,
    memoised_by_json,
    object_of,
    text_of,
)
from rules.model import Coding, IngredientEntry, Medication, Quantity

MEDICATION_NOT_READABLE = "medication-not-readable"
MEDICATION_NOT_SENT = "medication-not-sent"
NO_MEDICATION = "no-medication"
INGREDIENT_NOT_READABLE = "ingredient-not-readable"
NAME_TOO_LONG = "name-too-long"

SentMedications = Callable[[str], Element | None]
"""Finds the Medication or Substance that a reference of a resource means among those that were sent."""


def medication_of(resource: Element, sent: SentMedications, notes: Notes) -> Medication:
    """The medication of a request, statement or dispense; an empty one, with a note, where none can be read.

    Raises:
        TooLongError: one of its names is longer than what is read, and no code stands beside it.
    """
    concept, reference = _concept_and_reference(resource)
    stated = _concept_medication(concept, notes)
    if reference is None:
        if not stated.codings and not stated.text:
            notes.add(NO_MEDICATION)
        return stated
    referenced = _referenced_medication(reference, resource, sent, notes)
    # A record that has both may name two drugs: every code and name of either is weighed.
    named = (Coding(None, None, referenced.text),) if stated.text and referenced.text else ()
    return Medication(
        tuple(dict.fromkeys((*stated.codings, *referenced.codings, *named))),
        stated.text or referenced.text,
        referenced.ingredients,
        referenced.form,
    )


def _concept_and_reference(resource: Element) -> tuple[object, object]:
    """The concept and the reference of the medication; R5 has both under ``medication``."""
    concept, reference = resource.get("medicationCodeableConcept"), resource.get("medicationReference")
    if concept is None and reference is None and (either := resource.get("medication")) is not None:
        if not isinstance(either, dict):
            return either, None
        inner = either.get("reference")
        concept = either.get("concept")
        if isinstance(inner, str):
            return concept, either
        if concept is None and inner is None and either:
            return either, None
        return concept, inner
    return concept, reference


def _concept_medication(concept: object, notes: Notes) -> Medication:
    """A concept's codings and text. A list of several concepts is not read: they may be different drugs."""
    if concept is None:
        return Medication()
    if isinstance(concept, list) and len(concept) == 1:
        concept = concept[0]
    if isinstance(concept, dict | str):
        return _names_that_are_read(concept, notes)
    notes.add(MEDICATION_NOT_READABLE)
    return Medication()


def _names_that_are_read(concept: object, notes: Notes) -> Medication:
    """A concept's codings and text; a name that is too long is left out beside a code, and noted.

    Raises:
        TooLongError: a name is too long and no code of a known system stands beside it.
    """
    try:
        return _codings_and_text(concept)
    except TooLongError:
        if not isinstance(concept, dict):
            raise
        codings = [_within_length(coding, "display") for coding in list_of(concept.get("coding"))]
        shorter = _codings_and_text(_within_length({**concept, "coding": codings}, "text"))
        if not any(coding.system and coding.code for coding in shorter.codings):
            raise
        notes.add(NAME_TOO_LONG)
        return shorter


def _or_noted(read: Callable[[], str | None], notes: Notes, beside: bool) -> str | None:
    """A text; None, noted, where it is too long and something stands ``beside`` it that tells the medication.

    Raises:
        TooLongError: it is too long and nothing does.
    """
    try:
        return read()
    except TooLongError:
        if not beside:
            raise
        notes.add(NAME_TOO_LONG)
        return None


def _within_length(element: object, name: str) -> object:
    """An element without a member that is longer than what is read."""
    if not isinstance(element, dict):
        return element
    text = element.get(name)
    too_long = isinstance(text, str) and len(text.strip()) > MAX_TEXT_LENGTH
    return {key: value for key, value in element.items() if key != name} if too_long else element


@memoised_by_json
def _codings_and_text(concept: object) -> Medication:
    return Medication(codings_of(concept), concept_text(concept))


def _referenced_medication(reference: object, resource: Element, sent: SentMedications, notes: Notes) -> Medication:
    if isinstance(reference, list) and len(reference) == 1:
        reference = reference[0]
    if isinstance(reference, str):
        reference = {"reference": reference}
    if not isinstance(reference, dict):
        notes.add(MEDICATION_NOT_READABLE)
        return Medication()
    target = _target(reference, sent, resource)
    if target is None:
        notes.add(MEDICATION_NOT_SENT)
        return Medication(text=bounded_text_of(reference.get("display")))
    product = target.get("product")  # DSTU2
    product = product if isinstance(product, dict) else {}
    form = target.get("form") or target.get("doseForm") or product.get("form")
    listed = target.get("ingredient") or product.get("ingredient")
    ingredients = [_ingredient(item, sent, notes, target, resource) for item in list_of(listed)]
    code = _concept_medication(target.get("code"), notes)
    return Medication(
        codings=code.codings,
        text=code.text or _or_noted(lambda: bounded_text_of(reference.get("display")), notes, bool(code.codings)),
        ingredients=tuple(ingredient for ingredient in ingredients if ingredient is not None),
        form=_or_noted(lambda: concept_label(form), notes, True),
    )


def _target(reference: Element, sent: SentMedications, *holders: Element) -> Element | None:
    """The referenced resource: contained in one of the ``holders``, or sent by itself; None if it was not sent."""
    text = text_of(reference.get("reference"))
    if text is None:
        return None
    if not text.startswith("#"):
        return sent(text)
    for holder in holders:
        for contained in list_of(holder.get("contained")):
            identity = text_of(contained.get("id")) if isinstance(contained, dict) else None
            if identity is not None and identity.lstrip("#") == text.lstrip("#"):
                return contained  # type: ignore[no-any-return]
    return None


def _ingredient(item: object, sent: SentMedications, notes: Notes, *holders: Element) -> IngredientEntry | None:
    if not isinstance(item, dict):
        notes.add(INGREDIENT_NOT_READABLE)
        return None
    if item.get("isActive") is False:
        return None
    concept, reference = item.get("itemCodeableConcept"), item.get("itemReference")
    either = item.get("item")  # R5: a CodeableReference; DSTU2: a Reference
    if isinstance(either, dict) and concept is None and reference is None:
        inner = either.get("reference")
        concept = either if "coding" in either or "text" in either else either.get("concept")
        reference = inner if isinstance(inner, dict) else either
    if concept is None and isinstance(reference, dict):
        target = _target(reference, sent, *holders)
        concept = target.get("code") if target is not None else None
        concept = concept if concept is not None else text_of(reference.get("display"))
    try:
        strength, per = _strength(item)
    except NotReadableError:
        notes.add(INGREDIENT_NOT_READABLE)
        strength = per = None
    try:
        named = _names_that_are_read(concept, notes)
    except TooLongError:
        # It stays among the ingredients, as one that cannot be told.
        notes.add(INGREDIENT_NOT_READABLE)
        named = Medication()
    return IngredientEntry(named.codings, named.text, strength, per)


def _strength(item: Element) -> tuple[Quantity | None, Quantity | None]:
    """The strength of an ingredient and what it is per: R4's ``strength``, R5's choice, DSTU2's ``amount``."""
    for name in ("strength", "strengthRatio", "amount"):
        if item.get(name) is not None:
            return ratio_of(object_of(item[name]))
    return quantity_of(item.get("strengthQuantity")), None
