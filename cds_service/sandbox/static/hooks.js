// CDS Hooks, from the client's side: discovery, prefetch by the templates that discovery gives, calls and feedback.

import { SERVER, authorization, read } from "./fhir.js";
import { call } from "./wire.js";

const PRESCRIBER = "Practitioner/sandbox-prescriber";
let discovered;

async function services() {
  discovered ??= (await call("GET", "/cds-services", { shown: "Discovery" })).services;
  return discovered;
}

// Calls every service of the hook and returns its cards, each with the service that sent it.
export async function fire(hook, context) {
  const listening = (await services()).filter((service) => service.hook === hook);
  const answers = await Promise.all(listening.map((service) => ask(service, hook, context)));
  return answers.flat();
}

async function ask(service, hook, context) {
  const whole = { userId: PRESCRIBER, ...context };
  const fhirAuthorization = await authorization();
  const request = {
    hook,
    hookInstance: uuid(),
    fhirServer: SERVER,
    ...(fhirAuthorization ? { fhirAuthorization } : {}),
    context: whole,
    prefetch: await prefetched(service.prefetch ?? {}, whole),
  };
  const answer = await call("POST", address(service), { body: request, shown: hook });
  return (answer.cards ?? []).map((card) => ({ ...card, service }));
}

// A template that cannot be satisfied leaves its key out, as the specification lets a client do.
async function prefetched(templates, context) {
  const found = await Promise.all(Object.entries(templates).map(async ([key, template]) => {
    const resolved = template.replace(/\{\{\s*context\.(\w+)\s*\}\}/g, (token, name) =>
      typeof context[name] === "string" ? encodeURIComponent(context[name]) : token);
    if (resolved.includes("{{")) return undefined;
    try {
      return [key, await read(resolved)];
    } catch {
      return undefined;
    }
  }));
  return Object.fromEntries(found.filter(Boolean));
}

export function accepted(card, suggestion) {
  return feedback(card, { outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] });
}

export function overridden(card, reason, comment) {
  const why = {};
  if (reason) why.reason = { code: reason.code, system: reason.system, display: reason.display };
  if (comment) why.userComment = comment;
  return feedback(card, { outcome: "overridden", ...(Object.keys(why).length ? { overrideReason: why } : {}) });
}

function feedback(card, outcome) {
  const entry = { card: card.uuid, ...outcome, outcomeTimestamp: new Date().toISOString() };
  return call("POST", `${address(card.service)}/feedback`, { body: { feedback: [entry] }, shown: "Feedback" });
}

function address(service) {
  return `/cds-services/${encodeURIComponent(service.id)}`;
}

export function uuid() {
  return crypto.randomUUID();
}
