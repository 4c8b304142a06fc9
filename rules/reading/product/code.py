"""The codes of a medication: the product or the agents that they are of, and whether they may be trusted alone."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.listed_product import TERM_TYPES, Ingredient, ListedProduct
from rules.model import CodeSystem, Medication
from rules.reading.product.agreement import CODES_DISAGREE, agents_of, by_axis, noted
from rules.reading.product.product import Product
from rules.reading.product.weight import outweighs


def product_of_codes(medication: Medication, knowledge: Knowledge) -> Product | None:
    """The product of the RxNorm codes, whatever their order; None where none of them is of a product of ours.

    Of several codes the one that says every strength and a form, the most specific first. Products that differ are
    noted: of one agent in two strengths the one that weighs more, of different agents what :func:`by_axis` keeps.
    """
    codes = _rxnorm_codes(medication)
    products = [knowledge.products[code] for code in sorted(codes) if code in knowledge.products]
    complete = [product for product in products if all(ingredient.strength for ingredient in product.ingredients)]
    formed = [product for product in complete if product.form]
    chosen: Product | None = None
    for listed in sorted(formed or complete or products, key=lambda product: TERM_TYPES.index(product.term_type)):
        product = _as_product(listed)
        if chosen is None:
            chosen = product
        elif agents_of(product.ingredients).isdisjoint(agents_of(chosen.ingredients)):
            chosen = by_axis(chosen, product, CODES_DISAGREE, knowledge)
        elif set(product.ingredients) != set(chosen.ingredients):
            chosen = noted(product if outweighs(product, chosen, knowledge) else chosen, CODES_DISAGREE)
    return None if chosen is None else _with_further_agents(chosen, medication, knowledge)


def _as_product(listed: ListedProduct) -> Product:
    return Product(
        ingredients=listed.ingredients,
        name=listed.name,
        form=listed.form,
        route=listed.route,
        release=listed.release,
        package_millilitres=listed.package_millilitres,
        code=listed.code,
    )


def _with_further_agents(product: Product, medication: Medication, knowledge: Knowledge) -> Product:
    """A product of a code with the depressants of codes of ingredients beside it; such a code is never the larger."""
    further = agents_of_codes(medication, knowledge).verified.keys() - agents_of(product.ingredients)
    if not further:
        return product
    depressants = sorted(agent for agent in further if knowledge.agents[agent].agent_class.depressant)
    other = Product(tuple(Ingredient(agent, None) for agent in depressants), product.name)
    return by_axis(product, other, CODES_DISAGREE, knowledge, guess=True)


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
        for agent in _agents_of(coding.system, coding.code, knowledge):
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
    return bool(codes) and not any(
        code in knowledge.products or _agents_of(CodeSystem.RXNORM, code, knowledge) for code in codes
    )


def counted_agents_of_codes(medication: Medication, knowledge: Knowledge) -> tuple[str, ...]:
    """The agents of verified ingredient codes that only count in older adults, in the order of their ids."""
    return tuple(
        sorted(
            {
                agent
                for coding in medication.codings
                if coding.system is not None and coding.code is not None
                for agent in knowledge.agents_by_code.get((coding.system, coding.code), ())
                if knowledge.agents[agent].agent_class.counts_only
                and _is_verified(agent, coding.system, coding.code, knowledge)
            }
        )
    )


def _agents_of(system: CodeSystem, code: str, knowledge: Knowledge) -> tuple[str, ...]:
    """The agents of an ingredient code, those that only count left out: they decide nothing of a depressant."""
    found = knowledge.agents_by_code.get((system, code), ())
    return tuple(agent for agent in found if not knowledge.agents[agent].agent_class.counts_only)


def _is_verified(agent: str, system: CodeSystem, code: str, knowledge: Knowledge) -> bool:
    """Whether a code of an agent was read, and not only remembered."""
    return any(
        known.system is system and known.code == code and known.verification is not Verification.UNVERIFIED
        for known in knowledge.agents[agent].codes
    )
