// The stream tables: sorted, filtered, each row drawn again only when it changed.

import { byId, element, show } from "./dom.js";
import { count, duration, seconds, until } from "./format.js";
import { addressOf, keyOf, lagClass, lagShare, modeText, state, statusClass } from "./model.js";
import { sparkline } from "./plots.js";

const firstRows = 100;

const columns = [
  { id: "name", title: "Stream table", order: (t) => t.name, cell: nameCell },
  { id: "status", title: "Status", class: "medium", order: (t) => t.status, cell: statusCell },
  { id: "lag", title: "Lag", class: "number", order: lagShare, falls: true, cell: lagCell },
  { id: "next", title: "Next refresh", class: "wide", order: (t) => t.next_refresh ?? "~", cell: nextCell },
  { id: "mode", title: "Mode", class: "wide", order: modeText, cell: modeCell },
  { id: "differential", title: "Differential", class: "number wide", order: (t) => t.last_differential_ms ?? -1,
    falls: true, cell: (t) => duration(t.last_differential_ms) },
  { id: "full", title: "Full", class: "number wide", order: (t) => t.last_full_ms ?? -1, falls: true,
    cell: (t) => duration(t.last_full_ms) },
  { id: "schedule", title: "Schedule", class: "wide", order: (t) => t.schedule, cell: scheduleCell },
  { id: "history", title: "Last refreshes", class: "wide", order: (t) => t.history.at(-1)?.[0] ?? -1, falls: true,
    cell: (t) => sparkline(t.history, historyLabel(t)) },
];

let sorting = { id: "lag", falls: true };
let shownRows = firstRows;
const rows = new Map();

function nameCell(t) {
  const several = state.status.databases.length > 1;
  return [element("a", { href: addressOf(t.database, t.name) }, t.name),
    several && element("span", { class: "why" }, t.database),
    t.status !== "ACTIVE" && element("span", { class: `why narrow ${statusClass(t)}` }, t.status)];
}

function statusCell(t) {
  return [element("span", { class: statusClass(t) }, t.is_refreshing ? `${t.status}, refreshing` : t.status),
    t.last_error && element("span", { class: "why" }, t.last_error)];
}

function lagCell(t) {
  return [element("span", { class: lagClass(t) }, t.lag_ms == null ? "not filled" : duration(t.lag_ms)),
    t.target_lag_ms && element("span", { class: "why" }, `of ${duration(t.target_lag_ms)}`)];
}

function nextCell(t) {
  return [t.next_refresh && until(t.next_refresh, state.status.generated_at),
    element("span", { class: "why" }, t.next_why)];
}

function modeCell(t) {
  return [modeText(t), t.mode_reason && element("span", { class: "why" }, t.mode_reason)];
}

function scheduleCell(t) {
  const better = t.recommended_interval_seconds;
  return [t.schedule, better && element("span", { class: "why" },
    `recommended ${seconds(better)} (${Math.round(100 * t.recommendation_confidence)} % sure)`)];
}

function historyLabel(t) {
  const failed = t.history.filter(([, , good]) => !good).length;
  return t.history.length ? `${t.history.length} refreshes, the last ${duration(t.history.at(-1)[0])}`
    + (failed ? `, ${failed} failed` : "") : "no refresh yet";
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function chosen() {
  const filter = byId("filter").value.trim().toLowerCase();
  const database = byId("database").value;
  const column = columns.find((one) => one.id === sorting.id);
  const sign = sorting.falls ? -1 : 1;
  return [...state.tables.values()]
    .filter((t) => (!database || t.database === database) && (!filter || t.name.toLowerCase().includes(filter)))
    .map((t) => [column.order(t), t])
    .sort(([a, s], [b, t]) => sign * compare(a, b) || compare(s.name, t.name) || compare(s.database, t.database))
    .map(([, t]) => t);
}

function rowOf(t) {
  const key = keyOf(t.database, t.name);
  let row = rows.get(key);
  // What stands in a row also depends on the time of the status.
  const stamp = t.next_refresh ? state.status.generated_at : "";
  if (row?.table === t && row.stamp === stamp) return row.node;
  row ??= { node: element("tr") };
  row.table = t;
  row.stamp = stamp;
  show(row.node, columns.map((column) => column.id === "name"
    ? element("th", { scope: "row" }, column.cell(t))
    : element("td", { class: column.class }, column.cell(t))));
  rows.set(key, row);
  return row.node;
}

function head() {
  return element("tr", {}, columns.map((column) => element("th", {
    scope: "col", class: column.class, "data-column": column.id,
    "aria-sort": column.id !== sorting.id ? "none" : sorting.falls ? "descending" : "ascending",
  }, element("button", { type: "button", onclick: () => sortBy(column.id) }, column.title))));
}

function sortBy(id, falls) {
  const column = columns.find((one) => one.id === id);
  sorting = { id, falls: falls ?? (sorting.id === id ? !sorting.falls : Boolean(column.falls)) };
  byId("sort").value = id;
  for (const th of byId("tables").tHead.rows[0].cells)
    th.setAttribute("aria-sort",
      th.dataset.column !== id ? "none" : sorting.falls ? "descending" : "ascending");
  showTables();
}

// Moves only what is out of its place. What moves would lose the focus.
function arrange(body, nodes) {
  const focused = document.activeElement;
  const wanted = new Set(nodes);
  for (const node of [...body.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (body.children[at] !== node) body.insertBefore(node, body.children[at] ?? null);
  });
  if (focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true });
}

export function showTables() {
  const all = chosen();
  const shown = all.slice(0, shownRows);
  arrange(byId("tables").tBodies[0], shown.map(rowOf));
  for (const key of rows.keys()) if (!state.tables.has(key)) rows.delete(key);
  const text = `${count(all.length)} of ${count(state.tables.size)}`;
  if (byId("found").textContent !== text) byId("found").textContent = text;
  byId("more").hidden = all.length <= shownRows;
  byId("more").textContent = `Show all ${count(all.length)}`;
  const names = ["", ...new Set(state.status.databases.map((database) => database.db_name))];
  const options = names.map((name) => element("option", { value: name }, name || "all"));
  if (byId("database").options.length !== names.length) byId("database").replaceChildren(...options);
}

export function beginTables() {
  byId("tables").append(element("thead", {}, head()), element("tbody"));
  byId("sort").append(...columns.map((column) => element("option", { value: column.id }, column.title)));
  byId("sort").value = sorting.id;
  byId("sort").addEventListener("change", () =>
    sortBy(byId("sort").value, Boolean(columns.find((one) => one.id === byId("sort").value).falls)));
  byId("filter").addEventListener("input", showTables);
  byId("database").addEventListener("change", showTables);
  byId("more").addEventListener("click", () => {
    shownRows = Infinity;
    showTables();
  });
}
