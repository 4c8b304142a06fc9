// The Markdown that cards use, as elements: headings, paragraphs, lists, tables, emphasis, code and https links.
// Nothing is ever parsed as HTML: what looks like a tag is shown as it was written.

import { element } from "./dom.js";

const LIST = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const INLINE = /\\([\\`*_{}[\]()<>#+\-.!|~&"'$%,/:;=?@^])|`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|\*([^\s*](?:.*?[^\s*])?)\*|(?<![\w\\])_([^\s_](?:.*?[^\s_])?)_(?!\w)|\[((?:\\.|[^\]\\])+)\]\(([^()\s]+)\)|&(amp|lt|gt|quot|#39);/;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'" };

export function rendered(markdown) {
  const place = element("div", { class: "markdown" });
  const lines = String(markdown).replace(/\r\n?/g, "\n").split("\n");
  while (lines.length) {
    const line = lines[0];
    if (!line.trim()) lines.shift();
    else if (/^#{1,6}\s/.test(line)) place.append(heading(lines.shift()));
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) place.append(ruled(lines));
    else if (LIST.test(line)) place.append(list(lines));
    else if (line.includes("|") && lines.length > 1 && lines[1].includes("-") && RULE.test(lines[1])) place.append(table(lines));
    else place.append(paragraph(lines));
  }
  return place;
}

function heading(line) {
  return element("h4", {}, inline(line.replace(/^#+\s*/, "").replace(/\s+#+\s*$/, "")));
}

function ruled(lines) {
  lines.shift();
  return element("hr");
}

function paragraph(lines) {
  const made = element("p");
  let first = true;
  while (lines.length && lines[0].trim() && (first || !/^#{1,6}\s/.test(lines[0])) && (first || !LIST.test(lines[0]))) {
    const line = lines.shift();
    if (!first) made.append(" ");
    made.append(...inline(line.trim().replace(/\\$/, "")));
    if (/( {2,}|\\)$/.test(line) && lines[0]?.trim()) made.append(element("br"));
    first = false;
  }
  return made;
}

function list(lines) {
  const [, indent, marker] = lines[0].match(LIST);
  const made = element(/\d/.test(marker) ? "ol" : "ul");
  while (lines.length) {
    const item = lines[0].match(LIST);
    if (item && item[1].length > indent.length && made.lastChild) {
      made.lastChild.append(list(lines));
    } else if (item && item[1].length >= indent.length) {
      lines.shift();
      made.append(element("li", {}, inline(item[3])));
    } else if (!item && lines[0].trim() && /^\s/.test(lines[0]) && made.lastChild) {
      made.lastChild.append(" ", ...inline(lines.shift().trim()));
    } else {
      break;
    }
  }
  return made;
}

function table(lines) {
  const head = cells(lines.shift());
  lines.shift();
  const body = element("tbody");
  while (lines.length && lines[0].includes("|")) {
    const row = cells(lines.shift());
    body.append(element("tr", {}, head.map((_, column) => element("td", {}, inline(row[column] ?? "")))));
  }
  const top = element("thead", {}, element("tr", {}, head.map((cell) => element("th", { scope: "col" }, inline(cell)))));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" }, element("table", {}, top, body));
}

// Cells end at a bar that is not escaped.
function cells(line) {
  return line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function inline(text) {
  const parts = [];
  let rest = text;
  for (let found = rest.match(INLINE); found; found = rest.match(INLINE)) {
    if (found.index) parts.push(rest.slice(0, found.index));
    parts.push(...mark(found));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest) parts.push(rest);
  return parts;
}

function mark([whole, escaped, code, strong, strongToo, emphasis, emphasisToo, label, url, entity]) {
  if (escaped !== undefined) return [escaped];
  if (entity !== undefined) return [ENTITIES[entity]];
  if (code !== undefined) return [element("code", {}, code)];
  if (strong ?? strongToo) return [element("strong", {}, inline(strong ?? strongToo))];
  if (emphasis ?? emphasisToo) return [element("em", {}, inline(emphasis ?? emphasisToo))];
  const address = safeAddress(url);
  return address ? [outside(address, inline(label))] : [whole];
}

export function safeAddress(url) {
  try {
    const address = new URL(url);
    return ["https:", "http:"].includes(address.protocol) ? address.href : undefined;
  } catch {
    return undefined;
  }
}

export function outside(address, ...label) {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...label);
}
