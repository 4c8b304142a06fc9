// Cards as an EHR shows them, and the prescriber's answers to them.

import { announce, element, fill } from "./dom.js";
import { accepted, overridden, uuid } from "./hooks.js";
import { outside, rendered, safeAddress } from "./markdown.js";
import { CallFailed, call } from "./wire.js";

const WORDS = { info: "Information", warning: "Warning", critical: "Critical" };
const SHOWN_REASONS = 2;
const ICONS = { info: "i", warning: "!", critical: "!!" };

// The cards of one place on the page. Newer cards replace older ones.
export class CardShelf {
  // `apply` performs the actions of a suggestion and says in words what was done; `setAside` is what overriding means.
  constructor(place, { setAside, apply, changed = () => {} }) {
    this.place = place;
    this.setAside = setAside;
    this.apply = apply;
    this.changed = changed;
    this.cards = [];
    this.answered = new Map();
  }

  show(cards) {
    this.cards = cards;
    fill(this.place, cards.map((card) => this.drawn(card)));
    this.changed();
  }

  clear() {
    this.answered.clear();
    this.show([]);
  }

  // What the cards are about has changed: they can still be read, and no longer be answered.
  retire(why) {
    this.cards = [];
    for (const card of this.place.querySelectorAll(".card:not(.retired)")) {
      card.classList.add("retired");
      for (const control of card.querySelectorAll(".suggestions button, .override button")) control.disabled = true;
      card.querySelector(".stale").textContent = why;
      fold(card, true);
    }
    this.changed();
  }

  // Cards that wait for an answer. The same words on the same topic are not asked twice while an order is written.
  get open() {
    return this.cards.filter((card) => !this.answered.has(sameness(card)));
  }

  drawn(card) {
    const id = `card-${card.uuid ?? uuid()}`;
    const before = this.answered.get(sameness(card));
    const said = element("p", { class: "answer", tabindex: "-1" }, before ? `Answered before: ${before}` : "");
    const detail = card.detail ? rendered(card.detail) : null;
    const reason = detail && firstReason(detail);
    const toggle = element("button", { type: "button", class: "quiet fold", "aria-expanded": "true", "aria-controls": `${id}-body` }, "Show less");
    const body = element("article", { class: `card ${card.indicator}`, "aria-labelledby": id },
      element("p", { class: "indicator" }, element("span", { class: "icon", "aria-hidden": "true" }, ICONS[card.indicator] ?? "i"), WORDS[card.indicator] ?? card.indicator),
      element("h3", { id, tabindex: "-1" }, card.summary),
      element("div", { class: "body", id: `${id}-body` },
        reason ? element("p", { class: "reason" }, ...reason) : null,
        this.suggestions(card, said),
        this.override(card, said),
        detail?.childElementCount ? element("details", { class: "working" }, element("summary", {}, "Why, and the working"), detail) : null,
        howRead(card.extension?.["org.benzo-cds.assessment"]),
        element("div", { class: "foot" }, source(card.source), links((card.links ?? []).filter(({ url }) => url !== card.source?.url)))),
      said,
      element("p", { class: "stale" }),
      toggle);
    toggle.addEventListener("click", () => fold(body, !body.classList.contains("folded")));
    body.classList.toggle("answered", Boolean(before));
    fold(body, Boolean(before));
    return body;
  }

  suggestions(card, said) {
    if (!card.suggestions?.length) return null;
    return element("div", { class: "suggestions", role: "group", "aria-label": "Options" },
      card.suggestions.map((suggestion) => element("button", {
        type: "button",
        onclick: async (event) => {
          const button = event.currentTarget;
          button.disabled = true;
          if (card.selectionBehavior === "at-most-one") {
            for (const other of button.parentElement.children) other.disabled = true;
          }
          disable(said, ".override button");
          const done = await this.apply(suggestion);
          await this.answer(card, said, done, () => accepted(card, suggestion));
        },
      }, suggestion.label)));
  }

  // One click each: the reasons that come first at once, the others and none of them behind a further one.
  override(card, said) {
    const id = `reason-${uuid()}`;
    const choice = (reason, text) => element("button", {
      type: "button",
      onclick: async () => {
        disable(said, ".override button, .suggestions button");
        await this.answer(card, said, `overridden, ${reason ? reason.display : "no reason given"}`, () => overridden(card, reason));
      },
    }, text);
    const choices = (card.overrideReasons ?? []).map((reason) => choice(reason, reason.display));
    const others = [...choices.slice(SHOWN_REASONS), choice(undefined, choices.length ? "No reason given" : "Override")];
    return element("div", { class: "override", role: "group", "aria-labelledby": id },
      element("p", { id }, this.setAside),
      element("div", { class: "reasons" }, choices.slice(0, SHOWN_REASONS), choices.length ? null : others),
      choices.length
        ? element("details", {}, element("summary", {}, "Another reason"), element("div", { class: "reasons" }, others))
        : null);
  }

  // The answer stands whether or not the service hears of it; that it was heard is said.
  async answer(card, said, text, send) {
    const body = said.closest(".card");
    this.answered.set(sameness(card), text);
    body.classList.add("answered");
    let sent;
    try {
      // Without an id there is nothing that feedback could be about.
      if (card.uuid) await send();
      sent = card.uuid ? "Feedback sent" : "Answered";
    } catch (failure) {
      if (!(failure instanceof CallFailed)) throw failure;
      sent = "Feedback could not be sent";
    }
    said.textContent = `${sent}: ${text}.`;
    announce(said.textContent);
    fold(body, true);
    // The control that was used is hidden now, and a hidden control drops the focus.
    said.focus();
    this.changed();
  }
}

// A card that is answered, or out of date, keeps its summary; the rest can be shown again.
function fold(card, folded) {
  card.classList.toggle("folded", folded);
  card.querySelector(".body").hidden = folded;
  const toggle = card.querySelector(".fold");
  toggle.hidden = !folded && !card.matches(".answered, .retired");
  toggle.textContent = folded ? "Show the card" : "Show less";
  toggle.setAttribute("aria-expanded", String(!folded));
}

// The first point of a card's detail, taken out of it: the harm, which nobody should have to unfold.
function firstReason(detail) {
  const first = detail.querySelector("li");
  if (!first) return undefined;
  const list = first.parentElement;
  first.remove();
  if (!list.childElementCount) {
    const title = list.previousElementSibling;
    if (title?.matches("h4, p")) title.remove();
    list.remove();
  }
  return first.childNodes;
}

// How each order was read, from what the card itself carries. It comes as the service's own markup, in which all that
// was sent stands as text; the page's policy lets nothing in it run.
function howRead(told) {
  if (!told) return null;
  const place = element("div");
  const shelf = element("details", { class: "how-read" }, element("summary", {}, "How each order was read"), place);
  shelf.addEventListener("toggle", async () => {
    if (!shelf.open || place.hasChildNodes()) return;
    fill(place, element("p", { class: "note" }, "One moment."));
    try {
      const markup = await call("POST", "/demo/explanation", { body: told });
      fill(place, ...new DOMParser().parseFromString(markup, "text/html").body.children);
    } catch (failure) {
      if (!(failure instanceof CallFailed)) throw failure;
      fill(place, element("p", { class: "note" }, `This could not be shown: ${failure.message}.`));
    }
  });
  return shelf;
}

function disable(said, controls) {
  for (const control of said.closest(".card").querySelectorAll(controls)) control.disabled = true;
}

function sameness(card) {
  return `${card.source?.topic?.code ?? card.source?.label}|${card.indicator}|${card.summary}`;
}

function source(from) {
  if (!from?.label) return null;
  const address = from.url && safeAddress(from.url);
  return element("p", { class: "source" }, "Source: ", address ? outside(address, from.label) : from.label);
}

function links(given) {
  const shown = given.map((link) => ({ ...link, address: safeAddress(link.url) })).filter((link) => link.address);
  if (!shown.length) return null;
  return element("ul", { class: "links" }, shown.map((link) =>
    element("li", {}, outside(link.address, link.label), link.type === "smart" ? element("span", { class: "note" }, " (opens an app)") : null)));
}

export function countInWords(cards) {
  if (!cards.length) return "no card";
  return `${cards.length === 1 ? "1 card" : `${cards.length} cards`}: ${cards.map((card) => `${WORDS[card.indicator] ?? card.indicator}. ${card.summary}`).join(" ")}`;
}
