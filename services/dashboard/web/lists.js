// Everything of the overview but the stream tables themselves.

import { byId, element, show, table } from "./dom.js";
import { count, duration, seconds, time } from "./format.js";
import { graphOf } from "./graph.js";
import { addressOf, keyOf, state, summaryOf } from "./model.js";

// More are not drawn at once: a table's own page shows what is around it.
const mostDrawn = 60;

function linkTo(database, name) {
  return state.tables.has(keyOf(database, name)) ? element("a", { href: addressOf(database, name) }, name) : name;
}

function showSummary() {
  const sum = summaryOf();
  const tile = (title, value, kind) =>
    element("div", {}, element("dt", {}, title), element("dd", { class: kind }, value));
  show(byId("summary"),
    tile("Stream tables", count(sum.tables)),
    tile("Beyond their target", count(sum.beyond), sum.beyond ? "bad" : "good"),
    tile("Failing", count(sum.failing), sum.failing ? "bad" : "good"),
    tile("Furthest behind", duration(sum.lag)),
    tile("Workers", `${sum.active} of ${sum.quota}`),
    tile("Waiting refreshes", count(sum.queued), sum.queued > sum.quota ? "late" : ""),
    tile("Refreshes so far", count(sum.refreshes)));
}

function workersCell(database) {
  return [element("meter", { min: 0, max: Math.max(database.quota, 1), value: database.workers_active,
    "aria-label": `workers of ${database.db_name}` }),
  ` ${database.workers_active} of ${database.quota}`,
  database.workers_queued > 0 && element("span", { class: "why" }, `${database.workers_queued} wait`)];
}

const databaseColumns = [
  { title: "Database", cell: (d) => [d.db_name, d.problem && element("span", { class: "why bad" }, d.problem)] },
  { title: "Node", class: "medium", cell: (d) => d.node },
  { title: "Workers", cell: workersCell },
  { title: "Stream tables", class: "number medium", cell: (d) => count(d.total_stream_tables) },
  { title: "Refreshes", class: "number wide", cell: (d) => count(d.total_refreshes) },
  { title: "Failed", class: "number wide", cell: (d) => count(d.failed_refreshes) },
  { title: "Furthest behind", class: "number", cell: (d) => duration(d.lag_ms) },
  { title: "Alerts waiting", class: "number wide", cell: (d) => count(d.alerts_waiting) },
  { title: "Reported", class: "wide", cell: (d) => [
    element("span", { class: d.state === "current" ? "good" : "bad" }, d.state),
    !d.is_shown && element("span", { class: "why" }, `${seconds(Math.round(d.report_age))} ago`)] },
];

const nodeColumns = [
  { title: "Node", cell: (n) => [n.node, n.node === state.status.node && " (this one)"] },
  { title: "State", cell: (n) => element("span", { class: n.state === "up" ? "good" : "bad" }, n.state) },
  { title: "Databases", class: "number", cell: (n) => count(n.databases) },
  { title: "Version", class: "medium", cell: (n) => n.version },
  { title: "Since", class: "wide", cell: (n) => time(n.started_at) },
  { title: "Last heard", class: "wide", cell: (n) => time(n.last_heartbeat) },
];

const snapshotColumns = [
  { title: "Snapshot", cell: (s) => s.snapshot_table },
  { title: "Of", class: "medium", cell: (s) => linkTo(s.database, s.stream_table) },
  { title: "Taken", cell: (s) => time(s.created_at) },
  { title: "Rows", class: "number wide", cell: (s) => count(s.row_count) },
  { title: "Restored by", class: "wide", cell: (s) => (s.is_resumable ? "going on from it"
    : ["filling again", s.reason && element("span", { class: "why" }, s.reason)]) },
];

function valueText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function alertItem(alert, isNew) {
  const { stream_table: name, ...rest } = alert.payload;
  const facts = Object.entries(rest).filter(([, value]) => value != null)
    .map(([key, value]) => `${key} ${valueText(value)}`).join(", ");
  return element("li", { "data-alert": `${alert.database} ${alert.alert_id}`, class: isNew && "fresh" },
    element("time", { datetime: alert.created_at }, time(alert.created_at)),
    element("strong", {}, alert.event), name && linkTo(alert.database, name),
    element("span", { class: "note" }, facts),
    alert.remedy && alert.remedy !== "Nothing." && element("span", { class: "note" }, `What to do: ${alert.remedy}`));
}

function showAlerts() {
  const list = byId("alerts");
  const known = new Map([...list.children].map((node) => [node.dataset.alert, node]));
  const wasEmpty = known.size === 0;
  const nodes = state.status.alerts.map((alert) =>
    known.get(`${alert.database} ${alert.alert_id}`) ?? alertItem(alert, !wasEmpty));
  if (nodes.length !== list.children.length || nodes.some((node, at) => list.children[at] !== node))
    list.replaceChildren(...nodes);
  if (nodes.length === 0) show(list, element("li", {}, "None so far."));
}

let drawn = null;

function showGraph() {
  const database = byId("database").value;
  const shown = database ? [database] : [...new Set([...state.tables.values()].map((one) => one.database))];
  const parts = shown.map((name) => [name, [...state.tables.values()].filter((one) => one.database === name)]);
  const shape = JSON.stringify(parts.map(([name, tables]) =>
    [name, tables.map((one) => [one.name, one.status, one.sources])]));
  if (shape === drawn) return;
  drawn = shape;
  byId("graph").replaceChildren(...parts.flatMap(([name, tables]) => [
    element("h3", {}, name),
    tables.length === 0 ? element("p", {}, "No stream tables.")
      : tables.length <= mostDrawn ? graphOf(name, tables)
        : element("p", {}, `${count(tables.length)} stream tables: the page of each draws those that it is connected with.`)]));
}

export function showNode() {
  const text = `node ${state.status.node}, version ${state.status.version}`;
  if (byId("node").textContent !== text) byId("node").textContent = text;
}

export function showLists() {
  const status = state.status;
  showSummary();
  table(byId("databases"), databaseColumns, status.databases);
  table(byId("nodes"), nodeColumns, status.nodes);
  table(byId("snapshots"), snapshotColumns, status.snapshots);
  showAlerts();
  showGraph();
}
