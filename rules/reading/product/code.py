"""The codes of a medication: the product or the agents that they are of, and whether they may be trusted alone."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import TERM_TYPES, ListedProduct
from rules.model import CodeSystem, Medication
from rules.reading.product.agreement import outweighs


def product_of_codes(medication: Medication, knowledge: Knowledge) -> tuple[ListedProduct | None, bool]:
    """The product of the RxNorm codes, whatever their order; and whether they are of products that differ.

    Of several codes the one that says every strength and a form, the most specific first; of products that differ, the
    one that weighs more.
    """
    codes = _rxnorm_codes(medication)
    products = [knowledge.products[code] for code in sorted(codes) if code in knowledge.products]
    complete = [product for product in products if all(ingredient.strength for ingredient in product.ingredients)]
    formed = [product for product in complete if product.form]
    chosen: ListedProduct | None = None
    differ = False
    for product in sorted(formed or complete or products, key=lambda product: TERM_TYPES.index(product.term_type)):
        if chosen is None:
            chosen = product
        elif set(product.ingredients) != set(chosen.ingredients):
            differ = True
            chosen = product if outweighs(product, chosen, knowledge) else chosen
    return chosen, differ


@dataclass(frozen=True, slots=True)
class CodedAgents:
    """The agents of the codes of ingredients: ``verified`` each with its RxCUI if it has one; ``doubtful`` those of
    codes that were remembered and not read.
    """

    verified: dict[str, str | None]
    doubtful: frozenset[str]


def agents_of_codes(medication: Medication, knowledge: Knowledge) -> CodedAgents:
    """The agents of every ingredient code (RxNorm, SNOMED CT, ATC); a code of a combination has all of its own."""
    verified: dict[str, str | None] = {}
    doubtful: set[str] = set()
    for coding in medication.codings:
        if coding.system is None or coding.code is None:
            continue
        for agent in knowledge.agents_by_code.get((coding.system, coding.code), ()):
            if not _is_verified(agent, coding.system, coding.code, knowledge):
                doubtful.add(agent)
            elif coding.system is CodeSystem.RXNORM:
                verified[agent] = min(verified.get(agent) or coding.code, coding.code)
            else:
                verified.setdefault(agent, None)
    return CodedAgents(verified, frozenset(doubtful - verified.keys()))


def _rxnorm_codes(medication: Medication) -> set[str]:
    return {coding.code for coding in medication.codings if coding.system is CodeSystem.RXNORM and coding.code}


def no_code_is_known(medication: Medication, knowledge: Knowledge) -> bool:
    """Whether RxNorm codes were sent and none of them is one of our agents or products: they may be of another drug."""
    codes = _rxnorm_codes(medication)
    known = knowledge.agents_by_code
    return bool(codes) and not any(code in knowledge.products or (CodeSystem.RXNORM, code) in known for code in codes)


def _is_verified(agent: str, system: CodeSystem, code: str, knowledge: Knowledge) -> bool:
    """Whether a code of an agent was read, and not only remembered."""
    return any(
        known.system is system and known.code == code and known.verification is not Verification.UNVERIFIED
        for known in knowledge.agents[agent].codes
    )
