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

function isLike(node, next) {
  return node.nodeType === next.nodeType && node.nodeName === next.nodeName;
}

// Makes `node` what `next` is. What stays keeps the focus, and how far it was
// scrolled.
function become(node, next) {
  if (node.isEqualNode(next)) return;
  if (node.nodeType !== Node.ELEMENT_NODE) {
    node.data = next.data;
    return;
  }
  for (const { name } of [...node.attributes]) if (!next.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of next.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  contain(node, [...next.childNodes]);
}

function contain(node, children) {
  while (node.childNodes.length > children.length) node.lastChild.remove();
  children.forEach((child, at) => {
    const old = node.childNodes[at];
    if (!old) node.append(child);
    else if (isLike(old, child)) become(old, child);
    else old.replaceWith(child);
  });
}

// Has `node` contain the children, and changes only what differs.
export function show(node, ...children) {
  contain(node, [...fill(document.createDocumentFragment(), {}, children).childNodes]);
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
