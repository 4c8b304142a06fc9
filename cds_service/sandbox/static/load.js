// The load on record, and with the orders to sign, drawn from the assessment JSON: the numbers, their band, and where
// they come from. What is not known is said: an incomplete load is "at least", an unreadable one has no number at all.
// `names` has what a card calls each source and table, by id.

import { byId, element, fill } from "./dom.js";
import { shortDate } from "./fhir.js";

const UNIT = "mg/day diazepam-equivalent";

export function drawLoad({ assessment, bands, names }) {
  const { current, with_order: ordered } = assessment.load;
  fill(
    byId("load"),
    ordered
      ? element("div", { class: "loads" },
        element("div", {}, element("h3", {}, "On record"), figure(current, names)),
        element("div", { class: "ordered" }, element("h3", {}, "With the orders"), figure(ordered, names)))
      : onRecord(current, assessment, names),
    opioids(assessment),
    scale([current, ordered].filter((load) => load && bandKnown(load)), bands),
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

// Without orders to sign, a load of nothing is told in words: there is nothing, or nothing that was counted.
function onRecord(load, assessment, names) {
  if (!known(load)) return headline("Not known", "What is on record could not be turned into a load; it is listed below.");
  if (!(assessment.contributions ?? []).length && load.complete) {
    const left = [...(assessment.not_counted ?? []), ...(assessment.not_in_load ?? []).filter((part) => part.reason !== "no-published-equivalence")];
    return left.length
      ? headline("None counted", "What is on record and was not counted is listed below.")
      : headline("None", "No benzodiazepine or Z-drug on record.");
  }
  return figure(load, names);
}

function figure(load, names) {
  if (!known(load)) return headline("Not known", "");
  const range = load.complete && load.low !== load.high ? `range ${number(load.low)} to ${number(load.high)}` : "";
  return [
    element("p", { class: "figure" },
      load.complete ? null : element("span", { class: "least" }, "at least "),
      element("strong", {}, number(load.used)), " ", element("span", {}, UNIT)),
    load.used ? element("p", { class: "band" }, bandInWords(load)) : null,
    element("p", { class: "note" }, [range, tables(load, names)].filter(Boolean).join(" · ")),
  ];
}

function known(load) {
  return load.used !== null && load.used !== undefined;
}

// Of a load that may be larger nothing reassuring is said: that it is at least low says nothing.
function bandKnown(load) {
  return Boolean(load.band) && !(load.band_is_minimum && load.band === "low");
}

function bandInWords(load) {
  if (!bandKnown(load)) return "Dose band not known";
  return `${load.band_is_minimum ? "At least " : ""}${load.band_is_minimum ? load.band : capital(load.band)} dose band`;
}

function headline(strong, note) {
  return element("p", { class: "figure" }, element("strong", {}, strong), " ", element("span", { class: "note" }, note));
}

// The other tables, where they say something else. Their numbers alone: a second band would be taken for a second dose.
function tables(load, names) {
  const others = Object.entries(load.by_table ?? {}).filter(([, total]) => total.used !== null && total.used !== load.used);
  return others.map(([name, total]) => `${number(total.used)} by ${(names.tables[name] ?? name).replace(/ \(.*\)$/, "")}`).join(", ");
}

function opioids({ opioid, load }) {
  if (!opioid?.present) return null;
  const now = inMme(opioid.mme);
  const before = load.with_order && opioid.mme_before ? inMme(opioid.mme_before) : now;
  return element("p", { class: "opioids" }, "Opioids: ", element("strong", {}, before === now ? now : `${before} → ${now}`), " MME a day");
}

function inMme(mme) {
  return known(mme) ? `${mme.complete ? "" : "at least "}${number(mme.used)}` : "not known";
}

// The bands with the loads above them, hollow on record and full with the orders. The numbers stand in words beside it.
function scale(loads, bands) {
  if (!bands || !loads.some((load) => load.used)) return null;
  const end = Math.max(bands.moderate_up_to * 2, ...loads.map((load) => load.used * 1.1));
  const at = (value) => `${Math.min(100, (100 * value) / end)}%`;
  const zones = [["low", 0, bands.low_up_to], ["moderate", bands.low_up_to, bands.moderate_up_to], ["high", bands.moderate_up_to, end]];
  const placed = (made, name, value) => { made.style[name] = at(value); return made; };
  return [
    element("div", { class: "scale", "aria-hidden": "true" },
      loads.map((load, index) => placed(element("span", {
        class: `marker${index < loads.length - 1 ? " before" : ""}${load.complete ? "" : " open"}`,
      }), "left", load.used)),
      element("div", { class: "zones" }, zones.map(([name, from, to]) => placed(element("span", { class: `zone ${name}` }), "width", to - from)))),
    element("p", { class: "note" }, `ASAM's dose bands: low up to ${number(bands.low_up_to)}, moderate up to ${number(bands.moderate_up_to)}, high above.`),
  ];
}

function contributions({ contributions: parts = [] }, names) {
  if (!parts.length) return null;
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Where the load comes from" },
    element("table", {},
      element("thead", {}, element("tr", {}, ["Order", "Read as", "Equals"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, parts.map((part) => element("tr", {},
        element("td", {}, part.product, part.standing === "ordered" ? element("span", { class: "tag" }, "to sign") : null),
        element("td", {}, part.read_as, part.assumptions?.length ? element("span", { class: "note" }, ` (${part.assumptions.map(words).join(", ")})`) : null),
        element("td", { class: "number" }, `${number(part.equivalent.used)} mg/d`, element("span", { class: "note" }, ` by ${names.sources[part.equivalent.reference] ?? part.equivalent.reference}`)))))));
}

function beside({ not_in_load: others = [], opioid, load }) {
  // Opioids have a line of their own.
  const lines = others.filter((part) => !(part.class === "opioid" && opioid?.present)).map((part) => `${part.agent} (${words(part.class)}): ${words(part.reason)}`);
  const substitution = (load.with_order ?? load.current).substitution;
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
