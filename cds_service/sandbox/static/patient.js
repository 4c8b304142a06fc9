// The list of patients, and the chart of the one that is open: who it is, medications and conditions.

import { byId, element, fill } from "./dom.js";
import { age, conceptText, medicationName, orderName, patientName, search, shortDate, sig } from "./fhir.js";

const IN_FORCE = ["active", "intended", "in-progress"];
const narrow = matchMedia("(max-width: 60rem)");

export class PatientList {
  constructor({ people, on, open }) {
    this.people = people;
    this.on = on;
    this.open = open;
    this.current = undefined;
    byId("patient-search").addEventListener("input", () => this.draw());
    byId("patients-toggle").addEventListener("click", () => this.show(byId("patients-panel").hidden));
    narrow.addEventListener("change", () => this.show(!narrow.matches || !this.current));
    this.draw();
  }

  show(shown) {
    byId("patients-panel").hidden = !shown;
    const toggle = byId("patients-toggle");
    toggle.setAttribute("aria-expanded", String(shown));
    toggle.textContent = shown ? "Hide list" : "Show list";
  }

  choose(person) {
    this.current = person;
    if (narrow.matches) this.show(false);
    for (const button of byId("patient-list").querySelectorAll("button")) {
      if (button.dataset.patient === person.patient.id) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest" });
      } else button.removeAttribute("aria-current");
    }
    this.open(person);
  }

  draw() {
    const words = byId("patient-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.people.filter(({ patient, story }) => {
      const text = `${patientName(patient)} ${story.title} ${story.slug}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    byId("patients-count").textContent = `${found.length} of ${this.people.length} patients`;
    fill(byId("patient-list"), found.map((person) => element("li", {}, element(
      "button",
      {
        type: "button",
        "data-patient": person.patient.id,
        "aria-current": person === this.current && "true",
        onclick: () => this.choose(person),
      },
      element("span", { class: "who" }, element("strong", {}, patientName(person.patient) || "Name not given"), " ",
        element("span", { class: "note" }, ageInWords(person.patient, this.on))),
      element("span", { class: "story" }, person.story.title),
    ))));
  }
}

function ageInWords(patient, on) {
  const years = age(patient, on);
  return years === undefined ? "age not known" : `${years}\u00a0y`;
}

export function drawHeader({ patient, story }, on) {
  const born = patient.birthDate ? `born ${shortDate(patient.birthDate)}` : "no birth date on record";
  fill(
    byId("patient-header"),
    element("h1", { id: "patient-name", tabindex: "-1" }, patientName(patient) || "Name not given"),
    element("p", { class: "facts" }, [ageInWords(patient, on), patient.gender, born].filter(Boolean).join(" · ")),
    element("p", { class: "narrative" }, element("strong", {}, story.title), story.narrative ? element("span", {}, story.narrative) : null),
  );
}

export function readMedications(patientId) {
  return readAll(patientId, ["MedicationRequest", "MedicationStatement", "MedicationDispense"]);
}

export function readConditions(patientId) {
  return readAll(patientId, ["Condition", "ServiceRequest"]);
}

function readAll(patientId, types) {
  return Promise.all(types.map((type) => search(`${type}?patient=${encodeURIComponent(patientId)}`)));
}

// `counted` maps "Type/id" to what the assessment made of that record.
export function drawMedications([requests, statements, dispenses], counted) {
  const orders = [...requests, ...statements].sort((one, other) => started(other).localeCompare(started(one)));
  const now = orders.filter((resource) => IN_FORCE.includes(resource.status) && !resource.doNotPerform);
  const others = [...orders.filter((resource) => !now.includes(resource)), ...dispenses];
  fill(
    byId("medications"),
    now.length
      ? element("ul", { class: "orders" }, now.map((resource) => medication(resource, counted)))
      : element("p", { class: "note" }, "No active medication on record."),
    others.length
      ? element("details", {}, element("summary", {}, `Past and other records (${others.length})`),
        element("ul", { class: "orders" }, others.map((resource) => medication(resource, counted))))
      : null,
  );
}

function medication(resource, counted) {
  const source = `${resource.resourceType}/${resource.id}`;
  const kind = { MedicationStatement: "statement", MedicationDispense: "dispensed" }[resource.resourceType];
  const by = resource.requester?.display ?? resource.informationSource?.display;
  const facts = [kind, resource.doNotPerform ? "do not give" : undefined, resource.status ?? "status not given", started(resource) && `from ${shortDate(started(resource))}`, by]
    .filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    element("p", { class: "name" }, medicationName(resource)),
    element("p", {}, sig(resource)),
    element("p", { class: "note" }, facts),
    (counted.get(source) ?? []).map((line) => element("p", { class: "counted" }, line)),
  );
}

function started(resource) {
  const period = resource.effectivePeriod ?? resource.dispenseRequest?.validityPeriod;
  return resource.authoredOn ?? resource.effectiveDateTime ?? period?.start ?? resource.whenHandedOver ?? resource.whenPrepared ?? resource.dateAsserted ?? "";
}

export function drawConditions([conditions, plans]) {
  fill(
    byId("conditions"),
    conditions.length
      ? element("ul", { class: "orders" }, conditions.map(condition))
      : element("p", { class: "note" }, "None on record."),
    plans.length ? element("h3", {}, "Referrals and other requests") : null,
    plans.length
      ? element("ul", { class: "orders" }, plans.map((plan) => element("li", {},
        element("p", { class: "name" }, orderName(plan)), element("p", { class: "note" }, plan.status))))
      : null,
  );
}

function condition(resource) {
  const status = [conceptText(resource.clinicalStatus), conceptText(resource.verificationStatus)].filter(Boolean);
  const since = resource.onsetDateTime ?? resource.recordedDate;
  return element("li", {},
    element("p", { class: "name" }, conceptText(resource.code) ?? "Name not given"),
    element("p", { class: "note" }, [...status, since && `since ${shortDate(since)}`].filter(Boolean).join(" · ")));
}
