// Every call that leaves the page, and the panel that shows what was said.

import { byId, element, fill } from "./dom.js";

const KEPT_CALLS = 30;
const calls = [];

export class CallFailed extends Error {
  constructor(status, body) {
    super(outcomeText(body) ?? `the answer was HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

// Sends JSON, or a form, and returns parsed JSON. `shown` gives the call a name in the panel; calls without one are not listed.
export async function call(method, url, { body, form, shown, authorization, type = "application/json" } = {}) {
  const entry = { shown, method, url, request: body, status: null, response: undefined, began: performance.now() };
  if (shown) remember(entry);
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: {
        Accept: type,
        ...(body === undefined ? {} : { "Content-Type": type }),
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      body: body === undefined ? form : JSON.stringify(body),
    });
  } catch {
    finish(entry, "no answer", undefined);
    throw new CallFailed(0, { issue: [{ diagnostics: "no answer came" }] });
  }
  const text = await answer.text();
  let parsed;
  try {
    parsed = text ? JSON.parse(text) : undefined;
  } catch {
    parsed = text;
  }
  finish(entry, answer.status, parsed);
  if (!answer.ok) throw new CallFailed(answer.status, parsed);
  return parsed;
}

export function watchPanel() {
  const toggle = byId("raw-toggle");
  toggle.addEventListener("click", () => {
    const panel = byId("raw-panel");
    panel.hidden = !panel.hidden;
    toggle.setAttribute("aria-expanded", String(!panel.hidden));
    toggle.textContent = panel.hidden ? "Show request and response" : "Hide request and response";
    draw();
  });
}

export function forgetCalls() {
  calls.length = 0;
  draw();
}

function remember(entry) {
  calls.unshift(entry);
  calls.length = Math.min(calls.length, KEPT_CALLS);
  draw();
}

function finish(entry, status, response) {
  entry.status = status;
  entry.response = response;
  entry.took = Math.round(performance.now() - entry.began);
  draw();
}

function draw() {
  const panel = byId("raw-panel");
  if (panel.hidden) return;
  const open = new Set([...panel.querySelectorAll("details[open]")].map((details) => details.dataset.began));
  fill(panel, calls.length ? calls.map((entry, index) => drawn(entry, open, index)) : element("p", { class: "note" }, "Nothing was sent yet."));
}

function drawn(entry, open, index) {
  const key = String(entry.began);
  return element(
    "details",
    { class: "call", "data-began": key, open: open.has(key) || (index === 0 && open.size === 0) },
    element(
      "summary",
      {},
      element("strong", {}, entry.shown),
      " ",
      element("code", {}, `${entry.method} ${new URL(entry.url, location.href).pathname}`),
      " ",
      element("span", { class: "note" }, entry.status === null ? "waiting" : `${entry.status} · ${entry.took} ms`),
    ),
    element(
      "div",
      { class: "exchange" },
      json("Request", entry.request),
      json("Response", entry.response),
    ),
  );
}

function json(title, value) {
  const text = value === undefined ? "(no body)" : typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return element("div", {}, element("h3", {}, title), element("pre", { tabindex: "0", "aria-label": title }, text));
}

function outcomeText(body) {
  const said = body?.issue?.map((issue) => issue.diagnostics ?? issue.details?.text).filter(Boolean);
  return said?.length ? said.join(" ") : undefined;
}
