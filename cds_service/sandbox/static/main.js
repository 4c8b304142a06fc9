// The page as a whole: which chart is open, and what follows from adding and signing orders.

import { CardShelf, countInWords } from "./cards.js";
import { announce, byId, element, fill, problem } from "./dom.js";
import { say, watchEncounter } from "./encounter.js";
import { create, orderName, search } from "./fhir.js";
import { fire } from "./hooks.js";
import { watchAppLaunch } from "./launch.js";
import { countedBySource, drawLoad, drawNoLoad } from "./load.js";
import { Drafts, OrderForm } from "./order.js";
import { PatientList, drawConditions, drawHeader, drawMedications, drawStory, readConditions, readMedications } from "./patient.js";
import { CallFailed, call, forgetCalls, watchPanel } from "./wire.js";

// Signing makes a draft active; an order that stops something stays what it is.
const UNSIGNED = [undefined, "draft"];

// `checked` is the content of the drafts that order-sign was last asked about; `calls` counts the order hooks called.
const chart = { person: undefined, on: undefined, checked: undefined, unchecked: false, calls: 0, loads: 0, signing: false };
const drafts = new Drafts({ removed: removeByHand });
const chartCards = new CardShelf(byId("chart-cards"), { apply, setAside: "Set this aside because" });
const orderCards = new CardShelf(byId("order-cards"), { apply, setAside: "Continue as ordered because", changed: sayWhatSigningNeeds });
const form = new OrderForm(addOrder);

start();

async function start() {
  watchPanel();
  watchEncounter(atEncounter);
  watchAppLaunch(() => chart.person.patient.id);
  byId("check-refill").addEventListener("click", () => guarded(() => support(
    "medication-refill", { patientId: chart.person.patient.id, medications: drafts.bundle() }, orderCards, chart.person)));
  byId("sign-orders").addEventListener("click", async ({ currentTarget: button }) => {
    button.setAttribute("aria-disabled", "true");
    if (!chart.signing) await guarded(sign);
    button.removeAttribute("aria-disabled");
  });
  drafts.draw();
  await guarded(async () => {
    const { on, start: first, groups, stories } = await naming("The list of stories", call("GET", "/demo/stories"));
    const patients = await naming("The list of patients", search("Patient"));
    chart.on = on;
    const byPatient = new Map(patients.map((patient) => [patient.id, patient]));
    const people = stories.filter((story) => byPatient.has(story.patient))
      .map((story) => ({ story, patient: byPatient.get(story.patient) }));
    const list = new PatientList({ people, groups, start: first, on, open: (person) => guarded(() => open(person)) });
    const asked = new URLSearchParams(location.hash.slice(1)).get("story");
    const linked = people.find((person) => person.story.slug === asked);
    if (linked) list.choose(linked);
  });
}

// What is asked for, with its name in what is said where it fails.
async function naming(name, asked) {
  try {
    return await asked;
  } catch (failure) {
    if (failure instanceof CallFailed) failure.message = `${name} could not be read: ${failure.message}`;
    throw failure;
  }
}

async function guarded(work) {
  problem();
  try {
    await work();
  } catch (failure) {
    if (!(failure instanceof CallFailed)) throw failure;
    problem(`${failure.message}.`);
  }
}

async function open(person) {
  chart.person = person;
  chart.checked = undefined;
  chart.unchecked = false;
  chart.calls += 1;
  drafts.clear();
  form.reset();
  chartCards.clear();
  orderCards.clear();
  forgetCalls();
  say("");
  status("Cards appear here when an order is added or signed.");
  // The story's name, which is no patient's data, makes the chart's address one that can be passed on.
  history.replaceState(null, "", `#story=${encodeURIComponent(person.story.slug)}`);
  byId("welcome").hidden = true;
  byId("open-chart").hidden = false;
  drawHeader(person, chart.on);
  drawStory(person);
  for (const place of ["load", "medications", "conditions"]) fill(byId(place), element("p", { class: "note" }, "Reading the chart…"));
  offerStoryOrder(person);
  byId("patient-name").focus();
  scrollTo(0, 0);
  await refresh();
  await support("patient-view", { patientId: person.patient.id }, chartCards, person);
}

// What can be read is shown, and what cannot is named. Nothing of one patient may be drawn into the chart of another
// that was opened meanwhile.
async function refresh() {
  const { person } = chart;
  const { patient } = person;
  const [judged, medications, conditions] = await Promise.all([
    showLoad(), readMedications(patient.id), readConditions(patient.id),
  ]);
  if (person !== chart.person) return;
  drawMedications(medications, judged ? countedBySource(judged) : new Map());
  drawConditions(conditions);
  const failed = [...medications.failed, ...conditions.failed].map(({ name }) => name);
  if (failed.length) problem(`This chart is incomplete: ${failed.join(", ")} could not be read. The rest is shown.`);
}

// The load on record, and with the orders to sign; the latest question alone is drawn. Gives what was drawn, if it was.
async function showLoad() {
  const { person } = chart;
  const turn = (chart.loads += 1);
  const asked = { patient: person.patient.id, drafts: drafts.orders };
  const judged = await call("POST", "/demo/assessment", { body: asked }).catch((failure) => failure);
  if (judged instanceof Error && !(judged instanceof CallFailed)) throw judged;
  if (person !== chart.person || turn !== chart.loads) return undefined;
  if (judged instanceof Error) {
    drawNoLoad(judged.message);
    return undefined;
  }
  drawLoad(judged);
  return judged;
}

function offerStoryOrder({ story }) {
  const waiting = story.drafts.filter((draft) => !drafts.orders.some((order) => order.id === draft.id));
  fill(byId("story-order"), waiting.length
    ? element("div", { class: "story-order" },
      element("p", {}, element("span", { class: "note" }, "This story is about ordering "), element("strong", {}, waiting.map(orderName).join(", "))),
      element("button", { type: "button", class: "primary", onclick: () => addStoryOrders(waiting) }, "Add the story's order"))
    : null);
}

function addStoryOrders(waiting) {
  fill(byId("story-order"));
  addOrders(waiting.map((draft) => structuredClone(draft)));
  byId("sign-orders").focus({ preventScroll: true });
}

function addOrder(resource) {
  return addOrders([resource]);
}

function addOrders(resources) {
  const added = resources.map((resource) => drafts.add(resource, whose()));
  announce(`${added.map(orderName).join(", ")} added to the orders to sign.`);
  return check(added);
}

// What was checked is not what would be signed now: the load and the cards are asked for anew.
function check(selected) {
  chart.checked = undefined;
  return guarded(() => Promise.all([showLoad(), support("order-select", {
    patientId: chart.person.patient.id,
    selections: selected.map((draft) => `${draft.resourceType}/${draft.id}`),
    draftOrders: drafts.bundle(),
  }, orderCards, chart.person)]));
}

function removeByHand(order) {
  drafts.remove(order.id);
  announce(`${orderName(order)} removed.`);
  offerStoryOrder(chart.person);
  if (drafts.orders.length) check(drafts.orders);
  else {
    chart.checked = undefined;
    chart.calls += 1;
    orderCards.clear();
    status("Cards appear here when an order is added or signed.");
    guarded(showLoad);
  }
  sayWhatSigningNeeds();
  byId("drafts-title").scrollIntoView({ block: "nearest" });
  byId(drafts.orders.length ? "sign-orders" : "drug").focus();
}

// The stories tell of no encounter resource; the hook requires an id of one.
async function atEncounter(hook) {
  const { person } = chart;
  let cards;
  await guarded(async () => {
    cards = await support(hook, { patientId: person.patient.id, encounterId: `encounter-${person.patient.id}` }, chartCards, person);
  });
  return person === chart.person ? cards : undefined;
}

// Calls a hook and shows its cards; a service that does not answer is said and stops nobody.
async function support(hook, context, shelf, person) {
  const turn = shelf === orderCards ? (chart.calls += 1) : 0;
  const overtaken = () => person !== chart.person || (shelf === orderCards && turn !== chart.calls);
  if (shelf === orderCards) {
    status(`Calling ${hook}…`);
    // Until the answer comes, what stands there is about other orders.
    shelf.retire("Out of date: the orders have changed.");
  }
  let cards;
  try {
    cards = await fire(hook, context);
  } catch (failure) {
    if (!(failure instanceof CallFailed)) throw failure;
    if (overtaken()) return undefined;
    shelf.show([]);
    if (shelf === orderCards) {
      chart.unchecked = true;
      status(`Decision support did not answer ${hook} (${failure.message}). Nothing was checked.`);
    } else {
      problem(`Decision support did not answer ${hook} (${failure.message}).`);
    }
    return undefined;
  }
  if (overtaken()) return undefined;
  if (shelf === orderCards) chart.unchecked = false;
  shelf.show(cards);
  if (shelf === orderCards) status(cards.length ? `${hook} came back with ${cards.length === 1 ? "1 card" : `${cards.length} cards`}.` : `${hook} came back with no card.`);
  if (cards.length) announce(`Decision support, ${countInWords(cards)}`);
  if (cards.length && shelf === orderCards) bringIntoView(byId("support-title").parentElement);
  return cards;
}

// Signing asks order-sign once for a set of orders, then waits until every card has its answer.
async function sign() {
  chart.signing = true;
  try {
    await checkAndSign(chart.person);
  } finally {
    chart.signing = false;
  }
}

async function checkAndSign(person) {
  const content = JSON.stringify(drafts.orders);
  if (chart.checked !== content) {
    const cards = await support("order-sign", { patientId: person.patient.id, draftOrders: drafts.bundle() }, orderCards, person);
    if (person !== chart.person) return;
    chart.checked = content;
    sayWhatSigningNeeds();
    if (cards === undefined) return;
  }
  if (orderCards.open.length) {
    byId("order-cards").querySelector(".card:not(.answered) h3")?.focus();
    return;
  }
  await signed(person);
}

async function signed(person) {
  const orders = drafts.orders;
  for (const { id, ...order } of orders) {
    await create({ ...order, status: UNSIGNED.includes(order.status) ? "active" : order.status }, `Sign ${orderName(order)}`);
    if (person !== chart.person) return;
    drafts.remove(id);
  }
  chart.checked = undefined;
  orderCards.clear();
  chartCards.retire("Out of date: orders were signed since. Open the chart again for a new card.");
  const text = `Signed: ${orders.map(orderName).join(", ")}.`;
  status(text);
  announce(text);
  byId("support-title").focus();
  await refresh();
}

function sayWhatSigningNeeds() {
  const open = chart.checked === undefined ? 0 : orderCards.open.length;
  const button = byId("sign-orders");
  if (!drafts.orders.length) {
    button.textContent = "Sign orders";
    return;
  }
  byId("drafts-note").textContent = open
    ? `${open === 1 ? "1 card waits" : `${open} cards wait`} for an answer before these orders are signed.`
    : "";
  if (chart.checked === undefined) button.textContent = "Sign orders";
  else if (chart.unchecked) button.textContent = "Sign without a check";
  else button.textContent = open ? "Go to the card" : "Sign now";
}

// Performs a suggestion's actions and says what was done.
async function apply(suggestion) {
  const done = [];
  for (const action of suggestion.actions ?? []) {
    if (action.type === "delete") {
      const reference = action.resourceId ?? action.resource;
      done.push(drafts.remove(reference) ? "order removed" : "that order is no longer here");
    } else if (action.resource) {
      done.push(`${orderName(drafts.add(structuredClone(action.resource), whose()))} added to the orders to sign`);
    }
  }
  // The card that offered it stays; what was checked is not what would be signed now.
  chart.checked = undefined;
  offerStoryOrder(chart.person);
  guarded(showLoad);
  return `accepted, ${done.join(", ") || suggestion.label}`;
}

function whose() {
  return { patientId: chart.person.patient.id, on: chart.on };
}

function bringIntoView(place) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: place.offsetHeight > innerHeight ? "start" : "nearest" });
}

function status(text) {
  byId("support-status").textContent = text;
}
