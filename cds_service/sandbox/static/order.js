// The order form, and the orders that are written and not yet signed.

import { byId, element, fill } from "./dom.js";
import { orderName, sig } from "./fhir.js";
import { uuid } from "./hooks.js";
import { ProductChoice } from "./product.js";

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const UCUM = "http://unitsofmeasure.org";
const UCUM_UNITS = ["mg", "mL", "g"];

// What the form offers for "how often", as FHIR writes it.
const FREQUENCIES = [
  ["once daily", { frequency: 1, period: 1, periodUnit: "d" }],
  ["at bedtime", { frequency: 1, period: 1, periodUnit: "d", when: ["HS"] }],
  ["twice daily", { frequency: 2, period: 1, periodUnit: "d" }],
  ["three times daily", { frequency: 3, period: 1, periodUnit: "d" }],
  ["four times daily", { frequency: 4, period: 1, periodUnit: "d" }],
  ["every 4 hours", { frequency: 1, period: 4, periodUnit: "h" }],
  ["every 6 hours", { frequency: 1, period: 6, periodUnit: "h" }],
  ["every 8 hours", { frequency: 1, period: 8, periodUnit: "h" }],
  ["every 12 hours", { frequency: 1, period: 12, periodUnit: "h" }],
  ["every 72 hours", { frequency: 1, period: 72, periodUnit: "h" }],
  ["every other day", { frequency: 1, period: 2, periodUnit: "d" }],
  ["once a week", { frequency: 1, period: 1, periodUnit: "wk" }],
];

export class OrderForm {
  constructor(add) {
    this.add = add;
    fill(byId("frequency"), FREQUENCIES.map(([name], index) => element("option", { value: index }, name)));
    this.choice = new ProductChoice(() => this.productChanged());
    for (const id of ["dose", "unit", "frequency", "quantity", "supply", "as-needed"]) {
      byId(id).addEventListener("input", () => this.describe());
    }
    byId("order-form").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
  }

  reset() {
    byId("order-form").reset();
    this.choice.clear();
    this.fail("");
  }

  productChanged() {
    const product = this.choice?.chosen;
    const names = [...new Set([product?.unit ?? "tablet", "mg"])];
    const before = byId("unit").value;
    fill(byId("unit"), names.map((name) => element("option", { value: name, selected: name === before }, name)));
    if (this.choice) this.describe();
  }

  describe() {
    const product = this.choice.chosen;
    byId("sig").textContent = product ? `${product.name}, ${this.directions(product)}` : "choose a drug";
  }

  directions(product) {
    const [often] = FREQUENCIES[byId("frequency").value || 0];
    const dose = Number(byId("dose").value);
    const unit = byId("unit").value;
    const counted = unit === product.unit && dose !== 1 ? product.units : unit;
    const needed = byId("as-needed").checked ? " as needed" : "";
    return `${dose} ${counted} ${often}${needed}`;
  }

  submit() {
    const product = this.choice.chosen;
    if (!product) return this.fail("Choose a drug from the list.", "drug");
    if (!(Number(byId("dose").value) > 0)) return this.fail("Give a dose above zero.", "dose");
    this.fail("");
    this.add(this.resource(product));
    return this.reset();
  }

  fail(text, field) {
    byId("order-error").textContent = text;
    for (const id of ["drug", "dose"]) byId(id).toggleAttribute("aria-invalid", id === field);
    if (field) byId(field).focus();
  }

  resource(product) {
    const [, repeat] = FREQUENCIES[byId("frequency").value];
    const quantity = Number(byId("quantity").value);
    const days = Number(byId("supply").value);
    const dispense = {};
    if (quantity > 0) dispense.quantity = { value: quantity, ...named(product.unit) };
    if (days > 0) dispense.expectedSupplyDuration = { value: days, unit: "days", system: UCUM, code: "d" };
    return {
      resourceType: "MedicationRequest",
      id: `draft-${uuid()}`,
      status: "draft",
      intent: "order",
      medicationCodeableConcept: product.code
        ? { coding: [{ system: RXNORM, code: product.code, display: product.name }], text: product.name }
        : { text: product.name },
      dosageInstruction: [{
        text: this.directions(product),
        timing: { repeat },
        asNeededBoolean: byId("as-needed").checked,
        doseAndRate: [{ doseQuantity: { value: Number(byId("dose").value), ...named(byId("unit").value) } }],
      }],
      ...(Object.keys(dispense).length ? { dispenseRequest: dispense } : {}),
    };
  }
}

function named(unit) {
  return UCUM_UNITS.includes(unit) ? { unit, system: UCUM, code: unit } : { unit };
}

// The unsigned orders of the open chart.
export class Drafts {
  constructor({ removed }) {
    this.orders = [];
    this.removed = removed;
  }

  // Completed with what every order of this chart has; an id it already has is kept.
  add(resource, { patientId, on }) {
    const draft = {
      ...resource,
      id: resource.id ?? `draft-${uuid()}`,
      subject: { reference: `Patient/${patientId}` },
      ...(resource.authoredOn || ["MedicationRequest", "ServiceRequest"].includes(resource.resourceType) ? { authoredOn: on } : {}),
    };
    if (draft.resourceType === "MedicationRequest") draft.requester ??= { reference: "Practitioner/sandbox-prescriber", display: "Sandbox prescriber" };
    this.orders = [...this.orders.filter((order) => order.id !== draft.id), draft];
    this.draw();
    return draft;
  }

  // Takes "Type/id", a bare id or an address; false if no such draft is here.
  remove(reference) {
    const kept = this.orders.filter((order) => order.id !== String(reference).split("/").pop());
    const gone = kept.length < this.orders.length;
    this.orders = kept;
    this.draw();
    return gone;
  }

  clear() {
    this.orders = [];
    this.draw();
  }

  bundle() {
    return {
      resourceType: "Bundle",
      type: "collection",
      entry: this.orders.map((resource) => ({ resource })),
    };
  }

  draw() {
    fill(byId("drafts"), this.orders.map((order) => element(
      "li",
      { class: "draft" },
      element("div", {},
        element("p", { class: "name" }, orderName(order)),
        order.resourceType === "MedicationRequest" ? element("p", {}, sig(order)) : null,
        element("p", { class: "note" }, order.resourceType === "MedicationRequest" ? "Draft, not signed" : "Draft referral, not signed")),
      element("button", { type: "button", class: "quiet", "aria-label": `Remove ${orderName(order)}`, onclick: () => this.removed(order) }, "Remove"),
    )));
    byId("drafts-note").textContent = this.orders.length ? "" : "Nothing to sign yet.";
    for (const id of ["sign-orders", "check-refill"]) byId(id).disabled = !this.orders.length;
  }
}
