// Choosing what to order: a combobox of drugs and a list of their strengths, both from the knowledge base.

import { byId, element, fill } from "./dom.js";
import { call } from "./wire.js";

const PAUSE = 120;

export class ProductChoice {
  constructor(changed) {
    this.changed = changed;
    this.drug = undefined;
    this.options = [];
    this.active = -1;
    this.input = byId("drug");
    this.listbox = byId("drug-options");
    this.select = byId("product");
    this.input.addEventListener("input", () => { this.pick(undefined); this.ask(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => { if (this.listbox.hidden) this.ask(); });
    this.input.addEventListener("blur", () => this.left());
    this.select.addEventListener("change", () => this.changed());
    this.clear();
  }

  // The product, or what was typed where the knowledge base has no such drug; undefined before either.
  get chosen() {
    const found = this.drug?.products.find((product) => product.code === this.select.value);
    if (found) return found;
    const typed = this.input.value.trim();
    return typed && !this.drug && this.unknown ? { name: typed, route: "", unit: "tablet", units: "tablets" } : undefined;
  }

  clear() {
    this.input.value = "";
    this.unknown = false;
    this.pick(undefined);
    this.close();
  }

  ask() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.look(), PAUSE);
  }

  async look() {
    const query = this.input.value.trim();
    const { drugs } = await call("GET", `/demo/products?q=${encodeURIComponent(query)}`);
    if (query !== this.input.value.trim() || document.activeElement !== this.input) return;
    this.unknown = Boolean(query) && !drugs.length;
    this.options = drugs;
    this.active = -1;
    fill(this.listbox, drugs.length
      ? drugs.map((drug, index) => element("li", {
        role: "option", id: `drug-option-${index}`, "aria-selected": "false",
        // Before the input loses the focus.
        onmousedown: (event) => { event.preventDefault(); this.pick(drug); this.close(); },
      }, element("span", {}, drug.name), element("span", { class: "note" }, drug.class)))
      : element("li", { role: "option", "aria-disabled": "true", class: "note" }, "Not in the knowledge base. It can be ordered as typed."));
    this.listbox.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (this.unknown) this.pick(undefined);
  }

  key(event) {
    const open = !this.listbox.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.move(event.key === "ArrowDown" ? 1 : -1);
      else this.look();
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      this.pick(this.options[this.active]);
      this.close();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    }
  }

  move(step) {
    if (!this.options.length) return;
    const rows = [...this.listbox.children];
    rows[this.active]?.setAttribute("aria-selected", "false");
    this.active = (this.active + step + rows.length + (this.active < 0 && step < 0 ? 1 : 0)) % rows.length;
    rows[this.active].setAttribute("aria-selected", "true");
    rows[this.active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", rows[this.active].id);
  }

  // A name typed out in full needs no arrow key.
  left() {
    const typed = this.input.value.trim().toLowerCase();
    const same = this.options.find((drug) => drug.name.toLowerCase() === typed);
    if (same && !this.drug) this.pick(same);
    this.close();
  }

  close() {
    this.listbox.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  // What was typed may name a brand or a strength as well: the first product that has all its words is proposed.
  pick(drug) {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const named = drug?.products.find(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
    this.drug = drug;
    this.select.disabled = !drug;
    if (drug) this.input.value = drug.name;
    const option = (product) => element("option", { value: product.code }, product.name);
    const group = (label, products) => products.length ? element("optgroup", { label }, products.map(option)) : null;
    fill(this.select, drug
      ? [group("Generic", drug.products.filter((product) => !product.brand)), group("Brand", drug.products.filter((product) => product.brand))]
      : element("option", { value: "" }, this.unknown ? "As typed" : "Choose a drug first"));
    if (named) this.select.value = named.code;
    this.changed();
  }
}
