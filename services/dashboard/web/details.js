// One stream table's page.

import { actionsFor, forgetSaid } from "./account.js";
import { byId, element, labelled, show, table } from "./dom.js";
import { bytes, count, duration, exactly, seconds, time, until } from "./format.js";
import { graphOf, neighbourhood } from "./graph.js";
import { addressOf, lagClass, modeText, state, statusClass } from "./model.js";
import { bands, course, durations } from "./plots.js";

const interval = 2000;
const keptPoints = 300;
let opened = null;
let buffered = [];

const refreshColumns = [
  { title: "Started", cell: (r) => time(r.started_at) },
  { title: "What", cell: (r) => [element("span", { class: r.status === "FAILED" ? "bad" : "" },
    r.status === "COMPLETED" ? r.action : r.status), r.error && element("span", { class: "why" }, r.error),
  r.reason && element("span", { class: "why" }, r.reason)] },
  { title: "Took", class: "number", cell: (r) => duration(r.duration_ms) },
  { title: "Changes", class: "number medium", cell: (r) => count(r.changes) },
  { title: "Rows in", class: "number medium", cell: (r) => count(r.rows_inserted) },
  { title: "Rows out", class: "number medium", cell: (r) => count(r.rows_deleted) },
];

function section(title, ...content) {
  return element("section", {}, element("h3", {}, title), content);
}

function facts(t) {
  return element("dl", { class: "facts" }, labelled([
    ["Database", t.database], ["Owner", t.owner],
    ["Status", element("span", { class: statusClass(t) }, t.is_refreshing ? `${t.status}, refreshing` : t.status)],
    ["Lag", element("span", { class: lagClass(t) }, t.lag_ms == null ? "not filled" : duration(t.lag_ms))],
    ["Target lag", t.target_lag_ms && duration(t.target_lag_ms)],
    ["As of", time(t.data_timestamp)],
    ["Schedule", t.schedule],
    ["Next refresh", t.next_refresh ? `${until(t.next_refresh, state.status.generated_at)}, ${t.next_why}` : t.next_why],
    ["Mode", modeText(t)], ["Because", t.mode_reason], ["To be filled again", t.reinitialize_reason],
    ["Last differential refresh", duration(t.last_differential_ms)], ["Last full refresh", duration(t.last_full_ms)],
    ["Changes that wait", count(t.pending_changes)]]));
}

function problem(error) {
  return error && element("div", { class: "problem", role: "group", "aria-label": "Last error" },
    element("p", {}, element("strong", {}, `Last error, ${time(error.at)}`), error.sqlstate && ` (${error.sqlstate})`),
    element("p", {}, error.message), element("p", {}, `What to do: ${error.remedy}`));
}

// The operators of a level, with those below them.
function operatorsAt(operators, from, depth) {
  const items = [];
  let at = from;
  while (at < operators.length && operators[at].depth === depth) {
    const { operator, relation } = operators[at];
    const [inputs, next] = operatorsAt(operators, at + 1, depth + 1);
    items.push(element("li", {}, operator, relation && [" ", element("code", {}, relation)],
      inputs.length > 0 && element("ul", {}, inputs)));
    at = next;
  }
  return [items, at];
}

function buffers(t) {
  const most = t.buffers.reduce((sum, one) => sum + one.bytes, 0);
  buffered = [...buffered, [Date.now(), most]].slice(-keptPoints);
  return section("Change buffers",
    element("dl", { class: "facts" }, labelled(t.buffers.map((one) => [one.source, bytes(one.bytes)]))),
    buffered.length > 1 && course(buffered, "Size of the change buffers since this page was opened", bytes));
}

function recommendation(t) {
  const advice = t.recommendation;
  if (!advice?.recommended_interval_seconds)
    return section("Recommended schedule", element("p", {}, advice?.reasoning ?? "Nothing is known of it yet."));
  return section("Recommended schedule", element("dl", { class: "facts" }, labelled([
    ["Now", seconds(advice.current_interval_seconds)],
    ["Recommended", seconds(advice.recommended_interval_seconds)],
    ["Confidence", `${Math.round(100 * advice.confidence)} %`],
    ["Because", advice.reasoning], ["Planned", time(advice.planned_at)]])));
}

function forecasts(t) {
  if (t.forecast.length === 0)
    return section("Forecast", element("p", {}, "There were too few refreshes to learn from."));
  return section("Forecast for a day, with bands of 50 and 95 %",
    element("p", { class: "note" }, "Lag when a refresh lands"),
    bands(t.forecast, "lag_ms", "Forecast of the lag", duration, t.target_lag_ms),
    element("p", { class: "note" }, "Changes in a quarter of an hour"),
    bands(t.forecast, "changes", "Forecast of the changes", (value) => count(Math.round(value))),
    element("p", { class: "note" }, "Duration of a refresh"),
    bands(t.forecast, "refresh_ms", "Forecast of the durations", duration));
}

function graph(t) {
  const tables = [...state.tables.values()].filter((one) => one.database === t.database);
  const around = neighbourhood(tables, t.name);
  return section("What it reads, and what reads it", around.length > 0 && element("div",
    { class: "scroller", tabindex: 0, role: "region", "aria-label": "Dependency graph" },
    graphOf(t.database, around, t.name)));
}

function refreshes(t) {
  const history = t.refreshes.filter((r) => r.duration_ms != null)
    .map((r) => [Number(r.duration_ms), r.action, r.status === "COMPLETED"]).reverse();
  const list = element("table", { "aria-label": "Last refreshes" });
  table(list, refreshColumns, t.refreshes.slice(0, 12));
  return section("Last refreshes",
    history.length > 0 && durations(history, `Durations of ${history.length} refreshes`, duration), list);
}

const statementColumns = [
  { title: "Statement", cell: (s) => [[s.does, s.what].filter(Boolean).join(" "), s.times > 1 && element("span", { class: "why" }, `${count(s.times)} times`)] },
  { title: "Took", class: "number", cell: (s) => exactly(s.ms) },
  { title: "Rows", class: "number", cell: (s) => count(s.rows) },
];

function byStatement(t) {
  const last = t.last_by_statement;
  if (!last)
    return section("Last refresh by statement", element("p", {}, "This node has not refreshed it yet."));
  const list = element("table", { "aria-label": "Last refresh by statement", id: "statements" });
  table(list, statementColumns, last.statements);
  return section("Last refresh by statement",
    element("p", { class: "note" }, `${last.action}, ${time(last.ended_at)}, ${duration(last.duration_ms)} in all`), list);
}

function showTable(t) {
  show(byId("table-content"), actionsFor(t), problem(t.error),
    element("div", { class: "columns" },
      section("State", facts(t)),
      section("Operators", element("ul", { class: "plan" }, operatorsAt(t.operators, 0, 0)[0])),
      refreshes(t), byStatement(t), buffers(t), recommendation(t), forecasts(t)),
    graph(t));
}

async function read(which) {
  try {
    const answer = await fetch(`api/v1/stream_tables/${encodeURIComponent(which.database)}/${encodeURIComponent(which.name)}`);
    const told = await answer.json();
    if (opened !== which) return;
    if (answer.ok) showTable(told);
    else show(byId("table-content"), element("p", { class: "problem" }, `${told.error}. ${told.hint}`));
  } catch {
    // The state of the connection stands in the header.
  }
  if (opened === which) setTimeout(() => opened === which && read(which), interval);
}

export function openDetails(which) {
  opened = which;
  buffered = [];
  forgetSaid();
  const title = element("h2", { tabindex: -1 }, which.name);
  byId("details").replaceChildren(element("p", {}, element("a", { href: "#/" }, "All stream tables")), title,
    element("div", { id: "table-content" }, element("p", {}, "reading")));
  title.focus();
  read(which);
}

export function closeDetails() {
  const last = opened;
  opened = null;
  byId("details").replaceChildren();
  if (last)
    document.querySelector(`#tables a[href="${CSS.escape(addressOf(last.database, last.name))}"]`)?.focus();
}
