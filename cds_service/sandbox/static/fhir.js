// The chart, read and written through the sandbox's FHIR API, and how its resources are put in words.

import { access, forgetAccess } from "./access.js";
import { CallFailed, call } from "./wire.js";

export const SERVER = new URL("/fhir", location.href).href;
const TYPE = "application/fhir+json";
const NOT_ADMITTED = 401;

export function read(relative) {
  return ask("GET", `${SERVER}/${relative}`);
}

// Every page of a search. A part of them is as bad as none: it would look like the whole.
export async function search(relative) {
  const found = [];
  const seen = new Set();
  let address = `${SERVER}/${relative}`;
  while (address) {
    if (seen.has(address) || !address.startsWith(`${SERVER}/`)) throw failed("there are pages that cannot be read");
    seen.add(address);
    const bundle = await ask("GET", address);
    if (bundle?.resourceType !== "Bundle") throw failed("the answer to a search was something else than a Bundle");
    found.push(...(bundle.entry ?? []).filter((entry) => entry.search?.mode !== "outcome").map((entry) => entry.resource));
    address = bundle.link?.find((link) => link.relation === "next")?.url;
  }
  return found;
}

function failed(text) {
  return new CallFailed(0, { issue: [{ diagnostics: text }] });
}

export function create(resource, shown) {
  return ask("POST", `${SERVER}/${resource.resourceType}`, { body: resource, shown });
}

// What a hook request says of the way to the sandbox; undefined where it is open.
export async function authorization() {
  const held = await access(SERVER);
  return held && {
    access_token: held.access_token,
    token_type: "Bearer",
    expires_in: held.expires_in,
    scope: held.scope,
    subject: held.subject,
  };
}

async function ask(method, url, options = {}) {
  const sent = async () => {
    const held = await access(SERVER);
    return call(method, url, { ...options, type: TYPE, authorization: held && `Bearer ${held.access_token}` });
  };
  try {
    return await sent();
  } catch (failure) {
    if (!(failure instanceof CallFailed) || failure.status !== NOT_ADMITTED) throw failure;
    forgetAccess();
    return sent();
  }
}

export function conceptText(concept) {
  return concept?.text ?? concept?.coding?.find((coding) => coding.display)?.display ?? concept?.coding?.[0]?.code;
}

export function medicationName(resource) {
  return conceptText(resource.medicationCodeableConcept)
    ?? resource.medicationReference?.display
    ?? conceptText(resource.contained?.find((part) => part.resourceType === "Medication")?.code)
    ?? (resource.medicationReference?.reference ? `Named elsewhere: ${resource.medicationReference.reference}` : "Name not given");
}

export function orderName(resource) {
  return resource.resourceType === "MedicationRequest" ? medicationName(resource) : conceptText(resource.code) ?? resource.resourceType;
}

// The written directions, else the structured ones in words.
export function sig(resource) {
  const lines = resource.dosageInstruction ?? resource.dosage ?? [];
  const said = lines.map((line) => line.text ?? line.patientInstruction ?? structured(line)).filter(Boolean);
  return said.join("; then ") || "No directions given";
}

function structured(line) {
  const given = line.doseAndRate?.[0];
  const range = given?.doseRange;
  const dose = range
    ? `${range.low?.value ?? "?"} to ${quantity({ value: "?", ...range.high })}`
    : quantity(given?.doseQuantity);
  return [dose, timing(line.timing), line.asNeededBoolean || line.asNeededCodeableConcept ? "as needed" : ""]
    .map((part) => part?.trim()).filter(Boolean).join(" ");
}

function quantity(value) {
  return value?.value === undefined ? "" : `${value.value} ${plural(value.value, unitName(value))}`;
}

// UCUM writes what is counted in braces: {pill}.
function unitName({ unit, code }) {
  return (unit ?? code ?? "").replace(/[{}]/g, "");
}

// What is counted has a plural; "mg" and its like do not.
function plural(count, unit) {
  if (count === 1 || !/^(tablet|capsule|film|lozenge|spray|drop|patch|pill|puff|dose)$/.test(unit)) return unit;
  return unit === "patch" ? "patches" : `${unit}s`;
}

function timing(value) {
  const repeat = value?.repeat;
  if (!repeat?.period) return conceptText(value?.code) ?? (repeat?.when ? `at ${repeat.when.join(", ")}` : "");
  const times = repeat.frequencyMax ? `${repeat.frequency ?? 1} to ${repeat.frequencyMax}` : repeat.frequency ?? 1;
  const often = times === 1 ? "once" : `${times} times`;
  const units = { h: "hour", d: "day", wk: "week", mo: "month", min: "minute" };
  const unit = units[repeat.periodUnit] ?? repeat.periodUnit;
  if (repeat.period === 1 && !repeat.periodMax) return `${often} ${unit === "hour" ? "an" : "a"} ${unit}`;
  const every = repeat.periodMax ? `${repeat.period} to ${repeat.periodMax}` : repeat.period;
  return `${often} every ${every} ${unit}s`;
}

export function patientName(patient) {
  const name = patient.name?.[0];
  return name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(" ") ?? "";
}

// Whole years on the day `on`; undefined without a birth date that says them.
export function age(patient, on) {
  const [year, month, day] = (patient.birthDate ?? "").split("-").map(Number);
  if (!year) return undefined;
  const [thisYear, thisMonth, today] = on.split("-").map(Number);
  if (!month || !day) return undefined;
  return thisYear - year - (thisMonth < month || (thisMonth === month && today < day) ? 1 : 0);
}

export function shortDate(text) {
  const day = text?.slice(0, 10);
  if (!day || day.length < 10) return day ?? "";
  return new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}
