// Elements from data. Whatever comes from a database becomes a text node or an
// attribute's value, never markup.

const svgNamespace = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, String(value));
  }
  node.append(...children.flat(3).filter((child) => child != null && child !== false));
  return node;
}

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

// Replaces the content of `node` if it would look otherwise.
export function show(node, ...children) {
  const next = fill(node.cloneNode(false), {}, children);
  if (!next.isEqualNode(node)) node.replaceChildren(...next.childNodes);
}

export function labelled(pairs) {
  return pairs.filter(([, value]) => value != null && value !== "")
    .map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

export function table(node, columns, rows) {
  show(node,
    element("thead", {}, element("tr", {}, columns.map((column) =>
      element("th", { scope: "col", class: column.class }, column.title)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, columns.map((column) =>
      element("td", { class: column.class }, column.cell(row)))))));
}
