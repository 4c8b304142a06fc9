"""Reads ``products.csv``: the products of the code list with their agents, strengths, form, route and release."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from rules.knowledge.agent import Agent
from rules.knowledge.listed_product import RELEASES, TERM_TYPES, Ingredient, ListedProduct, Per, ProductList, Strength
from rules.knowledge.problem import KnowledgeError, require_known, suggestion
from rules.knowledge.readers.section import parse_exact
from rules.numbers.quantity import ZERO

COLUMNS = ("rxcui", "term_type", "ingredients", "form", "route", "release", "package_ml", "name")
_PER = {str(per): per for per in Per}


def read_products(text: str, agents: Mapping[str, Agent], where: str) -> ProductList:
    """Every product by its code; a product is read when it is first asked for.

    Its ingredients are written so::

        ingredients = ingredient , { ";" , ingredient } ;
        ingredient  = agent , [ "=" , milligrams , "/" , per ] ;
        per         = "unit" | "mL" | "h" | "actuation" | "g" ;

    Raises:
        KnowledgeError: columns other than the expected ones, a row of another length, or a code listed twice. Asking
            for a product raises it for an ingredient that is no agent, a strength that is no positive number, or a
            kind of term or of release that is not known.
    """
    rows = csv.reader(text.splitlines(), strict=True)
    if tuple(next(rows, ())) != COLUMNS:
        raise KnowledgeError(where, f"the columns must be {', '.join(COLUMNS)}")
    lines: dict[str, tuple[int, list[str]]] = {}
    for row in filter(None, rows):
        if len(row) != len(COLUMNS):
            raise KnowledgeError(f"{where}: line {rows.line_num}", "not one value for each column")
        if row[0] in lines:
            raise KnowledgeError(f"{where}: line {rows.line_num}", f"code {row[0]} is listed twice")
        lines[row[0]] = rows.line_num, row

    def product(code: str) -> ListedProduct:
        number, row = lines[code]
        return _product(row, agents, f"{where}: line {number}")

    def agents_of(code: str) -> list[str]:
        _, (_, _, ingredients, *_) = lines[code]
        return [part.partition("=")[0] for part in ingredients.split(";")]

    return ProductList(
        names={code: row[-1] for code, (_, row) in lines.items()},
        agents_of=agents_of,
        read=product,
    )


def _product(row: list[str], agents: Mapping[str, Agent], line: str) -> ListedProduct:
    code, term_type, ingredients, form, route, release, package, name = row
    if term_type not in TERM_TYPES:
        raise KnowledgeError(line, f"term type {term_type!r}{suggestion(term_type, TERM_TYPES)}")
    if release not in RELEASES:
        raise KnowledgeError(line, f"release {release!r}{suggestion(release, RELEASES)}")
    return ListedProduct(
        code=code,
        term_type=term_type,
        name=name,
        ingredients=tuple(_ingredient(part, agents, line) for part in ingredients.split(";")),
        form=form or None,
        route=route or None,
        release=release,
        package_millilitres=parse_exact(package, line) if package else None,
    )


def _ingredient(part: str, agents: Mapping[str, Agent], line: str) -> Ingredient:
    agent, _, strength = part.partition("=")
    require_known(agent, agents, line, "agent")
    if not strength:
        return Ingredient(agent, None)
    milligrams, _, per = strength.partition("/")
    if per not in _PER:
        raise KnowledgeError(line, f"a strength for each {per!r}{suggestion(per, tuple(_PER))}")
    amount = parse_exact(milligrams, line)
    if amount <= ZERO:
        raise KnowledgeError(line, "a strength must be above zero")
    return Ingredient(agent, Strength(amount, _PER[per]))
