"""What keeps people from using a page: names, roles, order, contrast."""

SCRIPT = r"""
const found = [];
const visible = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const say = (node, what) => found.push(`${what}: ${node.outerHTML.slice(0, 120)}`);
const nameOf = (node) => (node.getAttribute("aria-label")
  ?? document.getElementById(node.getAttribute("aria-labelledby"))?.textContent
  ?? (node.labels?.length ? node.labels[0].textContent : null) ?? node.textContent).trim();

if (!document.documentElement.lang) say(document.documentElement, "no language");
if (!document.title) say(document.head, "no title");
if (document.querySelectorAll("main").length !== 1) say(document.body, "not one main");

const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say(document.getElementById(id), "id used twice");
for (const node of document.querySelectorAll("[aria-labelledby]"))
  if (!document.getElementById(node.getAttribute("aria-labelledby"))) say(node, "label that is not there");

for (const node of document.querySelectorAll("a, button, input, select, meter, table, svg[role=img], [role=region], [role=group], [role=log]"))
  if (visible(node) && !nameOf(node)) say(node, "no name");
for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) say(node, "tab order of its own");
for (const node of document.querySelectorAll("a")) if (!node.hasAttribute("href")) say(node, "link to nowhere");
for (const node of document.querySelectorAll("th")) if (!node.scope) say(node, "header without a scope");
for (const node of document.querySelectorAll("ul, ol"))
  for (const child of node.children) if (child.tagName !== "LI") say(node, "list of something else");
for (const node of document.querySelectorAll("dl > :not(dt, dd, div)")) say(node, "not a term");
for (const node of document.querySelectorAll("[onclick], [style], script:not([src])")) say(node, "inline");

let level = 1;
for (const node of [...document.querySelectorAll("h1, h2, h3")].filter(visible)) {
  const next = Number(node.tagName[1]);
  if (next > level + 1) say(node, "heading that skips a level");
  level = next;
}

const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
const luminance = (rgb) => rgb.slice(0, 3).map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const colour = channels(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !visible(node) || node.closest("noscript, svg, option, .skip, .fresh")) continue;
  const [a, b] = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) say(node, `contrast ${((a + 0.05) / (b + 0.05)).toFixed(1)}`);
}
for (const node of document.querySelectorAll("button, select, input"))
  if (visible(node) && !node.closest("th") && node.getBoundingClientRect().height < 24) say(node, "too small to hit");
return found;
"""


def findings(driver):
    return driver.execute_script(SCRIPT)


def background(driver):
    return driver.execute_script("return getComputedStyle(document.body).backgroundColor")
