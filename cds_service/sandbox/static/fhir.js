// The chart, read and written through the sandbox's FHIR API, and how its resources are put in words.

import { call } from "./wire.js";

export const SERVER = new URL("/fhir", location.href).href;
const TYPE = "application/fhir+json";

export function read(relative) {
  return call("GET", `${SERVER}/${relative}`, { type: TYPE });
}

export async function search(relative) {
  const bundle = await read(relative);
  return (bundle.entry ?? []).map((entry) => entry.resource);
}

export function create(resource, shown) {
  return call("POST", `${SERVER}/${resource.resourceType}`, { body: resource, shown, type: TYPE });
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
    ? `${range.low?.value ?? "?"} to ${range.high?.value ?? "?"} ${range.high?.unit ?? range.high?.code ?? ""}`
    : quantity(given?.doseQuantity);
  return [dose, timing(line.timing), line.asNeededBoolean || line.asNeededCodeableConcept ? "as needed" : ""]
    .map((part) => part?.trim()).filter(Boolean).join(" ");
}

function quantity(value) {
  return value?.value === undefined ? "" : `${value.value} ${plural(value.value, value.unit ?? value.code ?? "")}`;
}

// What is counted has a plural; "mg" and its like do not.
function plural(count, unit) {
  if (count === 1 || !/^(tablet|capsule|film|lozenge|spray|drop|patch)$/.test(unit)) return unit;
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
