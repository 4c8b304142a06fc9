"""A request that is altered: its orders, drafts and resources, and the places that an example picked."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from strategies import KNOWLEDGE

from rules.knowledge.listed_product import ListedProduct, Per

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
MEDICATIONS = ("MedicationRequest", "MedicationStatement", "MedicationDispense")
DRAFT_KEYS = ("draftOrders", "medications")
# Which orders are altered: all, those on record, the drafts, or one of them.
PLACES = ("all", "record", "drafts", 0, 1, 2)
OPTIONS = 12

Resource = dict[str, Any]


@dataclass
class Sent:
    """A copy of a request. ``place`` is one of :data:`PLACES`; ``option`` picks among the forms of a change."""

    body: dict[str, Any]
    on: date
    place: str | int = "all"
    option: int = 0

    @classmethod
    def copy_of(cls, body: dict[str, Any], on: date) -> Sent:
        return cls(copy.deepcopy(body), on)

    def picked(self, *forms: Any) -> Any:
        """One of the forms of a change."""
        return forms[self.option % len(forms)]

    # -- where resources stand ------------------------------------------------------------------------------------

    @property
    def prefetch(self) -> dict[str, Any]:
        return self.body["prefetch"]

    @property
    def patient_id(self) -> str:
        return self.body["context"]["patientId"].rsplit("/", 1)[-1]

    @property
    def at_discharge(self) -> bool:
        """Whether home orders, orders of the stay and discharge orders are judged apart."""
        return self.body["hook"] == "encounter-discharge"

    def bundle(self, key: str) -> dict[str, Any] | None:
        """The Bundle of a prefetch key, None where none was sent."""
        value = self.prefetch.get(key)
        if isinstance(value, dict) and isinstance(value.get("resource"), dict):
            value = value["resource"]
        return value if isinstance(value, dict) and value.get("resourceType") == "Bundle" else None

    def drafts_bundle(self) -> dict[str, Any] | None:
        context = self.body["context"]
        value = next((context[key] for key in DRAFT_KEYS if isinstance(context.get(key), dict)), None)
        return value if value is not None and value.get("resourceType") == "Bundle" else None

    def entries(self, key: str) -> list[dict[str, Any]]:
        bundle = self.drafts_bundle() if key in DRAFT_KEYS else self.bundle(key)
        return bundle.setdefault("entry", []) if bundle is not None else []

    def bundles(self) -> list[dict[str, Any]]:
        """Every Bundle, the drafts first."""
        found = [self.drafts_bundle(), *(self.bundle(key) for key in self.prefetch)]
        return [bundle for bundle in found if bundle is not None]

    def add(self, key: str, *resources: Resource) -> None:
        """Put resources beside the others of a prefetch key, or of the drafts."""
        bundle = self.drafts_bundle() if key in DRAFT_KEYS else self.bundle(key)
        if bundle is None and self.prefetch.get(key) is None and key not in DRAFT_KEYS:
            bundle = self.prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "entry": []}
        if bundle is not None:
            bundle.setdefault("entry", []).extend({"resource": each} for each in resources)
            if isinstance(bundle.get("total"), int):
                bundle["total"] += len(resources)

    def remove(self, key: str, resource: Resource) -> None:
        bundle = self.bundle(key)
        if bundle is not None:
            bundle["entry"] = [entry for entry in bundle["entry"] if entry.get("resource") is not resource]
            if isinstance(bundle.get("total"), int):
                bundle["total"] -= 1

    # -- orders ---------------------------------------------------------------------------------------------------

    def record(self) -> list[Resource]:
        """The picked orders on record."""
        return self._picked(self._orders("medicationRequests"), "record")

    def drafts(self) -> list[Resource]:
        """The picked drafts."""
        return self._picked(self._orders(DRAFT_KEYS[0]), "drafts")

    def orders(self) -> list[Resource]:
        """The picked orders, on record and drafted."""
        if isinstance(self.place, int):
            found = [*self._orders("medicationRequests"), *self._orders(DRAFT_KEYS[0])]
            return self._picked(found, "all")
        return [*self.record(), *self.drafts()]

    def all_orders(self) -> list[Resource]:
        return [*self._orders("medicationRequests"), *self._orders(DRAFT_KEYS[0])]

    def records_of_medication(self) -> list[Resource]:
        """Every record of a medication that was sent, statements and dispenses among them."""
        resources = (resource for bundle in self.bundles() for resource in _resources(bundle))
        return [resource for resource in resources if resource.get("resourceType") in MEDICATIONS]

    def is_draft(self, order: Resource) -> bool:
        return any(order is draft for draft in self._orders(DRAFT_KEYS[0]))

    def _orders(self, key: str) -> list[Resource]:
        bundle = self.drafts_bundle() if key in DRAFT_KEYS else self.bundle(key)
        found = _resources(bundle) if bundle is not None else []
        # Those of ours first: an example that picks one should pick what matters.
        orders = [each for each in found if each.get("resourceType") == "MedicationRequest"]
        return sorted(orders, key=lambda order: self.product(order) is None)

    def _picked(self, found: list[Resource], kind: str) -> list[Resource]:
        if isinstance(self.place, int):
            return [found[self.place % len(found)]] if found else []
        return found if self.place in ("all", kind) or kind == "all" else []

    # -- medications ----------------------------------------------------------------------------------------------

    def medication(self, order: Resource) -> Resource | None:
        """The Medication that an order refers to, contained or beside it."""
        reference = (order.get("medicationReference") or {}).get("reference", "")
        if reference.startswith("#"):
            return next((each for each in order.get("contained", []) if f"#{each.get('id')}" == reference), None)
        for bundle in self.bundles():
            for resource in _resources(bundle):
                if resource.get("resourceType") == "Medication" and reference.endswith(f"/{resource.get('id')}"):
                    return resource
        return None

    def concept(self, order: Resource) -> dict[str, Any] | None:
        """The concept that names the product of an order."""
        inline = order.get("medicationCodeableConcept") or order.get("medication", {}).get("concept")
        if inline is not None or "medicationReference" not in order:
            return inline
        medication = self.medication(order)
        return medication.get("code") if medication is not None else None

    def product(self, order: Resource) -> ListedProduct | None:
        """The listed product of an order, None where it is none of ours or has no code of RxNorm."""
        codings = (self.concept(order) or {}).get("coding", [])
        codes = [coding.get("code") for coding in codings if coding.get("system") == RXNORM]
        return next((KNOWLEDGE.products[code] for code in codes if code in KNOWLEDGE.products), None)

    def name(self, order: Resource) -> str | None:
        """The name of a product of ours as the list has it."""
        product = self.product(order)
        return product.name if product is not None else None

    def rename(self, order: Resource, name: str | None, *, codes: bool = False) -> None:
        """Give an order's product another name, alone or beside its codes. Nothing for what is none of ours."""
        concept = self.concept(order)
        if name is None or concept is None or self.product(order) is None:
            return
        codings = [{key: coding[key] for key in ("system", "code") if key in coding} for coding in concept["coding"]]
        concept.clear()
        concept["text"] = name
        if codes:
            concept["coding"] = [coding | {"display": name} for coding in codings]
        if "medicationReference" in order:
            order["medicationReference"].pop("display", None)

    def milligrams(self, order: Resource) -> Fraction | None:
        """The milligrams of a countable unit of a product of one agent, None where it has none."""
        product = self.product(order)
        if product is None or len(product.ingredients) != 1 or " / " in product.name:
            return None
        strength = product.ingredients[0].strength
        return strength.milligrams if strength is not None and strength.per is Per.UNIT else None

    # -- time -----------------------------------------------------------------------------------------------------

    def days_ago(self, days: int) -> str:
        return (self.on - timedelta(days=days)).isoformat()


def differs(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)


def _resources(bundle: dict[str, Any]) -> list[Resource]:
    return list(_entries(bundle))


def _entries(bundle: dict[str, Any]) -> Iterator[Resource]:
    for entry in bundle.get("entry", []):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource
