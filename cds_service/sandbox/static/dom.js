// Elements, built without markup: text is only ever set as text.

export function byId(id) {
  return document.getElementById(id);
}

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
  return made;
}

export function fill(place, ...children) {
  place.replaceChildren(...children.flat().filter((child) => child !== undefined && child !== null));
}

// Read out by a screen reader. A pause first, so that a region that was just emptied is read again.
export function announce(text) {
  const announcer = byId("announcer");
  announcer.textContent = "";
  setTimeout(() => { announcer.textContent = text; }, 60);
}

export function problem(text) {
  const place = byId("problem");
  place.hidden = !text;
  place.textContent = text ?? "";
  if (text) place.scrollIntoView({ block: "nearest" });
}
