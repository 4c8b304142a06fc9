// The moments of an encounter at which an EHR calls whether or not anything is ordered: its start and the discharge.

import { byId } from "./dom.js";

const BUTTONS = { "start-encounter": "encounter-start", discharge: "encounter-discharge" };

// `ask` calls a hook for the open chart, shows its cards above the chart, and gives them, or undefined without an answer.
export function watchEncounter(ask) {
  for (const [id, hook] of Object.entries(BUTTONS)) {
    byId(id).addEventListener("click", async ({ currentTarget: button }) => {
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true");
      say(`Calling ${hook}…`);
      const cards = await ask(hook);
      button.removeAttribute("aria-disabled");
      if (!cards) return say("");
      say(`${hook} came back with ${cards.length === 0 ? "no card" : cards.length === 1 ? "1 card" : `${cards.length} cards`}.`);
      return cards.length && byId("chart-cards").querySelector("h3")?.focus();
    });
  }
}

export function say(text) {
  byId("encounter-status").textContent = text;
}
