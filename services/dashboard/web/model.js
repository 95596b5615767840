// What the server told last, and what follows from it.

export const state = { status: null, tables: new Map() };

export function keyOf(database, name) {
  return `${database}\0${name}`;
}

export function addressOf(database, name) {
  return `#/stream_tables/${encodeURIComponent(database)}/${encodeURIComponent(name)}`;
}

// The stream table that an address names, or null.
export function tableAt(hash) {
  const [, place, database, name] = hash.split("/");
  if (place !== "stream_tables" || !database || !name) return null;
  try {
    return { database: decodeURIComponent(database), name: decodeURIComponent(name) };
  } catch {
    return null;
  }
}

export function takeStatus(status) {
  state.status = status;
  state.tables = new Map(status.stream_tables.map((table) => [keyOf(table.database, table.name), table]));
}

export function takeChanges(changes) {
  const { stream_tables: changed, gone, ...rest } = changes;
  Object.assign(state.status, rest);
  for (const table of gone) state.tables.delete(keyOf(table.database, table.name));
  for (const table of changed) state.tables.set(keyOf(table.database, table.name), table);
}

// How far it is behind, as a share of its target; without a target less than
// any with one.
export function lagShare(table) {
  if (table.lag_ms == null) return Infinity;
  return table.target_lag_ms ? table.lag_ms / table.target_lag_ms : table.lag_ms / 1e12;
}

export function lagClass(table) {
  if (!table.target_lag_ms || table.lag_ms == null) return "";
  const share = table.lag_ms / table.target_lag_ms;
  return share > 1 ? "bad" : share > 0.8 ? "late" : "good";
}

export function statusClass(table) {
  if (table.status === "ERROR") return "bad";
  if (table.status !== "ACTIVE" || table.consecutive_errors > 0) return "late";
  return "good";
}

export function modeText(table) {
  const effective = table.effective_refresh_mode;
  return effective && effective !== table.refresh_mode ? `${table.refresh_mode}: ${effective}` : table.refresh_mode;
}

export function summaryOf() {
  const tables = [...state.tables.values()];
  const databases = state.status.databases;
  const sum = (member) => databases.reduce((total, database) => total + (database[member] ?? 0), 0);
  return {
    tables: tables.length,
    beyond: tables.filter((table) => table.target_lag_ms && table.lag_ms > table.target_lag_ms).length,
    failing: tables.filter((table) => table.status === "ERROR" || table.consecutive_errors > 0).length,
    lag: tables.reduce((most, table) => Math.max(most, table.lag_ms ?? 0), 0),
    active: sum("workers_active"),
    queued: sum("workers_queued"),
    quota: sum("quota"),
    refreshes: sum("total_refreshes"),
  };
}
