// The current load, drawn from the assessment JSON: the number, its band, and where it comes from.
// What is not known is said: an incomplete load is "at least", an unreadable one has no number at all.
// `names` has what a card calls each source and table, by id.

import { byId, element, fill } from "./dom.js";
import { shortDate } from "./fhir.js";

const UNIT = "mg/day diazepam-equivalent";
// A zone of less than this share of the scale has no room for its name; the line below the scale names it.
const NARROWEST_LABEL = 0.16;

export function drawLoad({ assessment, bands, names }) {
  const load = assessment.load.current;
  fill(
    byId("load"),
    figure(load, assessment, names),
    bandKnown(load) ? scale(load, bands) : null,
    contributions(assessment, names),
    beside(assessment),
    notCounted(assessment),
    exposure(assessment),
  );
}

export function drawNoLoad(reason) {
  fill(byId("load"), element("p", { class: "note" }, `The load could not be worked out: ${reason}.`));
}

// What the assessment made of each record, by its "Type/id".
export function countedBySource({ assessment }) {
  const lines = new Map();
  const add = (source, line) => lines.set(source, [...(lines.get(source) ?? []), line]);
  for (const part of assessment.contributions ?? []) add(part.source, `Counts ${number(part.equivalent.used)} ${UNIT}`);
  for (const part of assessment.not_in_load ?? []) add(part.source, `${capital(words(part.class))}: named beside the load (${words(part.reason)})`);
  for (const part of assessment.opioid?.contributions ?? []) add(part.source, `Opioid: ${number(part.mme)} MME a day`);
  for (const part of assessment.opioid?.excluded ?? []) add(part.source, `Opioid: no MME (${part.text || words(part.reason)})`);
  for (const part of assessment.not_counted ?? []) add(part.source, `Not counted: ${words(part.reason)}`);
  return lines;
}

function figure(load, assessment, names) {
  if (load.used === null || load.used === undefined) {
    return headline("Not known", "What is on record could not be turned into a load; it is listed below.");
  }
  if (!(assessment.contributions ?? []).length && load.complete) {
    const left = [...(assessment.not_counted ?? []), ...(assessment.not_in_load ?? []).filter((part) => part.reason !== "no-published-equivalence")];
    return left.length
      ? headline("None counted", "What is on record and was not counted is listed below.")
      : headline("None", "No benzodiazepine or Z-drug on record.");
  }
  const range = load.complete && load.low !== load.high ? `range ${number(load.low)} to ${number(load.high)}` : "";
  return [
    element("p", { class: "figure" },
      load.complete ? null : element("span", { class: "least" }, "at least "),
      element("strong", {}, number(load.used)), " ", element("span", {}, UNIT)),
    element("p", {},
      element("span", { class: "band" }, bandInWords(load)),
      " ", element("span", { class: "note" }, [range, tables(load, names)].filter(Boolean).join(" · "))),
  ];
}

// Of a load that may be larger nothing reassuring is said: that it is at least low says nothing.
function bandKnown(load) {
  return Boolean(load.band) && !(load.band_is_minimum && load.band === "low");
}

function bandInWords(load) {
  if (!bandKnown(load)) return "Dose band not known";
  return `${load.band_is_minimum ? "At least " : ""}ASAM's ${load.band} dose band`;
}

function headline(strong, note) {
  return element("p", { class: "figure" }, element("strong", {}, strong), " ", element("span", { class: "note" }, note));
}

// The other tables, where they say something else.
function tables(load, names) {
  const others = Object.entries(load.by_table ?? {}).filter(([, total]) => total.used !== null && total.used !== load.used);
  return others.map(([name, total]) => `${number(total.used)} by ${names.tables[name] ?? name}${load.complete && total.band !== load.band ? ` (${total.band})` : ""}`).join(", ");
}

function scale(load, bands) {
  if (!bands || !load.used) return null;
  const end = Math.max(bands.moderate_up_to * 2, load.used * 1.1);
  const at = (value) => `${Math.min(100, (100 * value) / end)}%`;
  const zones = [["low", 0, bands.low_up_to], ["moderate", bands.low_up_to, bands.moderate_up_to], ["high", bands.moderate_up_to, end]];
  const drawn = element("div", { class: "scale", "aria-hidden": "true" },
    zones.map(([name, from, to]) => {
      const share = (to - from) / end;
      const zone = element("span", { class: `zone ${name}` }, share > NARROWEST_LABEL ? element("span", {}, name) : null);
      zone.style.width = `${100 * share}%`;
      return zone;
    }),
    element("span", { class: load.complete ? "marker" : "marker open" }));
  drawn.querySelector(".marker").style.left = at(load.used);
  const bounds = `Low up to ${number(bands.low_up_to)}, moderate up to ${number(bands.moderate_up_to)}, high above.`;
  return [drawn, element("p", { class: "note" }, bounds)];
}

function contributions({ contributions: parts = [] }, names) {
  if (!parts.length) return null;
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Where the load comes from" },
    element("table", {},
      element("thead", {}, element("tr", {}, ["Order", "Read as", "Equals"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, parts.map((part) => element("tr", {},
        element("td", {}, part.product),
        element("td", {}, part.read_as, part.assumptions?.length ? element("span", { class: "note" }, ` (${part.assumptions.map(words).join(", ")})`) : null),
        element("td", { class: "number" }, `${number(part.equivalent.used)} mg/d`, element("span", { class: "note" }, ` by ${names.sources[part.equivalent.reference] ?? part.equivalent.reference}`)))))));
}

function beside({ not_in_load: others = [], opioid, load }) {
  const lines = others.map((part) => `${part.agent} (${words(part.class)}): ${words(part.reason)}`);
  const mme = opioid?.mme;
  if (opioid?.present) {
    lines.push(mme?.used === null || mme?.used === undefined
      ? "Opioid on record: MME not known"
      : `Opioids: ${mme.complete ? "" : "at least "}${number(mme.used)} MME a day`);
  }
  const substitution = load.current.substitution;
  if (substitution?.used) lines.push(`About ${number(substitution.used)} mg/d more by substitution figures (${substitution.agents.join(", ")})`);
  return section("Beside the load, never converted into it", lines);
}

function notCounted({ not_counted: lines = [] }) {
  return section("Not known or not counted", lines.map((part) =>
    `${part.agent || part.product || part.source}: ${part.text || words(part.reason)}`));
}

function exposure({ exposure: found = {} }) {
  return section("Exposure on record", Object.entries(found).filter(([, span]) => span).map(([name, span]) =>
    `${capital(name)}: ${span.at_least ? "at least " : ""}${span.days} days, ${span.pattern}, since ${shortDate(span.since)}`));
}

function section(title, lines) {
  if (!lines.length) return null;
  return [element("h3", {}, title), element("ul", { class: "plain" }, lines.map((line) => element("li", {}, line)))];
}

// As precise as the evidence bears, and no rounding across a whole number that matters: two decimals at most.
function number(value) {
  return value === null || value === undefined ? "not known" : String(Math.round(value * 100) / 100);
}

// A code in words; the hyphen behind a single letter belongs to the name.
function words(code) {
  return String(code).replace(/(?<=\w\w)-/g, " ");
}

function capital(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : "";
}
