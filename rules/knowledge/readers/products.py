"""The products of the code list, as ``products.csv`` holds them: agents, strengths, form, route and release."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from rules.knowledge.agent import Agent
from rules.knowledge.listed_product import RELEASES, TERM_TYPES, Ingredient, ListedProduct, Per, Strength
from rules.knowledge.readers.section import KnowledgeError, parse_exact, suggestion
from rules.numbers.quantity import ZERO

COLUMNS = ("rxcui", "term_type", "ingredients", "form", "route", "release", "package_ml", "name")


def read_products(text: str, agents: Mapping[str, Agent], where: str) -> Mapping[str, ListedProduct]:
    """Every product by its code.

    Raises:
        KnowledgeError: columns other than the expected ones, a code listed twice, an ingredient that is no agent, or a
            strength that is no positive number.
    """
    rows = csv.DictReader(text.splitlines(), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(COLUMNS)}")
    products: dict[str, ListedProduct] = {}
    for row in rows:
        line = f"{where}: line {rows.line_num}"
        if None in row or None in row.values():
            raise KnowledgeError(line, "not one value for each column")
        code = row["rxcui"]
        if code in products:
            raise KnowledgeError(line, f"code {code} is listed twice")
        if row["term_type"] not in TERM_TYPES:
            raise KnowledgeError(line, f"term type {row['term_type']!r}{suggestion(row['term_type'], TERM_TYPES)}")
        if row["release"] not in RELEASES:
            raise KnowledgeError(line, f"release {row['release']!r}{suggestion(row['release'], RELEASES)}")
        products[code] = ListedProduct(
            code=code,
            term_type=row["term_type"],
            name=row["name"],
            ingredients=tuple(_ingredient(part, agents, line) for part in row["ingredients"].split(";")),
            form=row["form"] or None,
            route=row["route"] or None,
            release=row["release"],
            package_millilitres=parse_exact(row["package_ml"], line) if row["package_ml"] else None,
        )
    return products


def _ingredient(part: str, agents: Mapping[str, Agent], line: str) -> Ingredient:
    agent, _, strength = part.partition("=")
    if agent not in agents:
        raise KnowledgeError(line, f"{agent!r} is no agent{suggestion(agent, tuple(agents))}")
    if not strength:
        return Ingredient(agent, None)
    milligrams, _, per = strength.partition("/")
    if per not in tuple(Per):
        raise KnowledgeError(line, f"a strength for each {per!r}{suggestion(per, tuple(str(unit) for unit in Per))}")
    amount = parse_exact(milligrams, line)
    if amount <= ZERO:
        raise KnowledgeError(line, "a strength must be above zero")
    return Ingredient(agent, Strength(amount, Per(per)))
