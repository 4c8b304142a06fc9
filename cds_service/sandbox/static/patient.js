// The list of patients, and the chart of the one that is open: who it is, medications and conditions.

import { byId, element, fill } from "./dom.js";
import { age, conceptText, medicationName, orderName, patientName, search, shortDate, sig } from "./fhir.js";
import { CallFailed } from "./wire.js";

const IN_FORCE = ["active", "intended", "in-progress"];
// Where nothing is said, the story shows why.
const NOTHING_SAID = { id: "none", title: "No card, and why" };
const narrow = matchMedia("(max-width: 60rem)");

export class PatientList {
  // `groups` are the findings that stories are told for, in order; `start` the names of the stories to see first.
  constructor({ people, groups, start, on, open }) {
    this.people = people;
    this.start = start.map((slug) => people.find(({ story }) => story.slug === slug)).filter(Boolean);
    this.groups = [...groups, NOTHING_SAID];
    this.on = on;
    this.open = open;
    this.current = undefined;
    byId("patient-search").addEventListener("input", () => this.draw());
    byId("patients-toggle").addEventListener("click", () => this.show(byId("patients-panel").hidden));
    narrow.addEventListener("change", () => this.show(!narrow.matches));
    if (narrow.matches) this.show(false);
    fill(byId("start-here"), this.start.map((person) => element("li", {}, this.button(person, "tile"))));
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
        const group = button.closest("details");
        if (group) group.open = true;
        button.scrollIntoView({ block: "nearest" });
      } else button.removeAttribute("aria-current");
    }
    this.open(person);
  }

  draw() {
    const sought = byId("patient-search").value.trim();
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = this.people.filter(({ patient, story }) => {
      const text = `${patientName(patient)} ${story.title} ${story.slug} ${this.title(story)}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const nobody = words.length > 0 && !matching.length;
    byId("patients-count").textContent = nobody
      ? `Nobody matches “${sought}”. All ${this.people.length} patients are listed.`
      : `${matching.length} of ${this.people.length} patients`;
    const searching = words.length > 0 && !nobody;
    fill(byId("patient-list"), searching
      ? element("ul", {}, matching.map((person) => element("li", {}, this.button(person))))
      : [this.startGroup(), ...this.groups.map((group) => this.group(group))]);
  }

  startGroup() {
    if (!this.start.length) return null;
    return element("div", { class: "start" }, element("h3", {}, "Start here"),
      element("ul", {}, this.start.map((person) => element("li", {}, this.button(person)))));
  }

  group({ id, title }) {
    const found = this.people.filter((person) => person.story.shows === id && !this.start.includes(person));
    if (!found.length) return null;
    return element("details", { open: found.includes(this.current) },
      element("summary", {}, title, " ", element("span", { class: "note" }, found.length)),
      element("ul", {}, found.map((person) => element("li", {}, this.button(person)))));
  }

  title({ shows }) {
    return this.groups.find(({ id }) => id === shows)?.title ?? "";
  }

  button(person, kind) {
    return element(
      "button",
      {
        type: "button",
        class: kind,
        "data-patient": person.patient.id,
        "aria-current": !kind && person === this.current && "true",
        onclick: () => this.choose(person),
      },
      element("span", { class: "who" }, element("strong", {}, patientName(person.patient) || "Name not given"), " ",
        element("span", { class: "note" }, ageInWords(person.patient, this.on))),
      element("span", { class: "what" }, person.story.title),
    );
  }
}

function ageInWords(patient, on) {
  const years = age(patient, on);
  return years === undefined ? "age not known" : `${years}\u00a0y`;
}

export function drawHeader({ patient }, on) {
  const born = patient.birthDate ? `born ${shortDate(patient.birthDate)}` : "no birth date on record";
  fill(
    byId("patient-header"),
    element("h1", { id: "patient-name", tabindex: "-1" }, patientName(patient) || "Name not given"),
    element("p", { class: "facts" }, [ageInWords(patient, on), patient.gender, born].filter(Boolean).join(" · ")),
  );
}

export function drawStory({ story }) {
  fill(
    byId("story"),
    element("p", {}, element("strong", {}, story.title), story.narrative ? element("span", { class: "narrative" }, story.narrative) : null),
    nextStep(story) ? element("p", { class: "next" }, nextStep(story)) : null,
  );
}

// What to do where the story brings no order, and what not to wait for.
function nextStep({ hook, shows, drafts }) {
  if (drafts.length) return shows === "none" ? "No card is due here." : "";
  if (hook === "encounter-discharge") return "No order belongs to this story: choose “Discharge”.";
  if (hook === "patient-view" && shows !== "none") return "No order belongs to this story: what there is to say is said as the chart opens.";
  if (hook === "patient-view") return "No order belongs to this story, and no card: see below what was counted, and what was not.";
  return "No order belongs to this story: see what the record adds up to, or write an order.";
}

export function readMedications(patientId) {
  return readEach(patientId, {
    MedicationRequest: "medication orders", MedicationStatement: "medication statements", MedicationDispense: "dispensed medications",
  });
}

export function readConditions(patientId) {
  return readEach(patientId, { Condition: "conditions", ServiceRequest: "referrals and other requests" });
}

// What was found of each type, and what could not be read, each with its name in words and the reason.
async function readEach(patientId, names) {
  const types = Object.keys(names);
  const outcomes = await Promise.allSettled(types.map((type) => search(`${type}?patient=${encodeURIComponent(patientId)}`)));
  const found = {};
  const failed = [];
  outcomes.forEach(({ status, value, reason }, index) => {
    if (status === "rejected" && !(reason instanceof CallFailed)) throw reason;
    found[types[index]] = value ?? [];
    if (status === "rejected") failed.push({ name: names[types[index]], reason: reason.message });
  });
  return { found, failed };
}

function notRead(failed) {
  return failed.map(({ name, reason }) => element("p", { class: "error" }, `Not shown: ${name} could not be read (${reason}).`));
}

// `counted` maps "Type/id" to what the assessment made of that record.
export function drawMedications({ found, failed }, counted) {
  const orders = [...found.MedicationRequest, ...found.MedicationStatement].sort((one, other) => started(other).localeCompare(started(one)));
  const now = orders.filter((resource) => IN_FORCE.includes(resource.status) && !resource.doNotPerform);
  const others = [...orders.filter((resource) => !now.includes(resource)), ...found.MedicationDispense];
  fill(
    byId("medications"),
    ...notRead(failed),
    now.length
      ? element("ul", { class: "orders" }, now.map((resource) => medication(resource, counted)))
      : failed.length ? null : element("p", { class: "note" }, "No active medication on record."),
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

export function drawConditions({ found: { Condition: conditions, ServiceRequest: plans }, failed }) {
  fill(
    byId("conditions"),
    ...notRead(failed),
    conditions.length
      ? element("ul", { class: "orders" }, conditions.map(condition))
      : failed.length ? null : element("p", { class: "note" }, "None on record."),
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
