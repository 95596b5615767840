// What reads what, in layers: tables on the left, what reads them to the right.

import { drawing } from "./dom.js";
import { addressOf, keyOf, lagClass, statusClass } from "./model.js";

const boxWidth = 170, boxHeight = 26, columnGap = 60, rowGap = 10;

// The stream tables of a database that are connected with `name`.
export function neighbourhood(tables, name) {
  const above = new Map(tables.map((table) => [table.name, table.sources.map((source) => source.name)]));
  const below = new Map();
  for (const [reader, sources] of above)
    for (const source of sources) below.set(source, [...(below.get(source) ?? []), reader]);
  const found = new Set();
  const walk = (start, edges) => {
    const seen = new Set([start]);
    for (const at of seen) for (const next of edges.get(at) ?? []) seen.add(next);
    seen.forEach((one) => found.add(one));
  };
  walk(name, above);
  walk(name, below);
  return tables.filter((table) => found.has(table.name));
}

function layersOf(tables) {
  const sources = new Map();
  for (const table of tables) {
    for (const source of table.sources) if (!sources.has(source.name)) sources.set(source.name, []);
    sources.set(table.name, table.sources.map((source) => source.name));
  }
  const layer = new Map();
  const place = (name) => {
    if (layer.has(name)) return layer.get(name);
    layer.set(name, 0);
    const depth = Math.max(-1, ...sources.get(name).map(place)) + 1;
    layer.set(name, depth);
    return depth;
  };
  [...sources.keys()].forEach(place);
  const layers = [];
  for (const [name, depth] of layer) (layers[depth] ??= []).push(name);
  return layers;
}

// Each name beside the middle of what it reads, so that few edges cross.
function placesOf(layers, tables) {
  const sources = new Map(tables.map((table) => [table.name, table.sources.map((source) => source.name)]));
  const places = new Map();
  layers.forEach((names, depth) => {
    const middle = (name) => {
      const rows = (sources.get(name) ?? []).map((source) => places.get(source)?.y ?? 0);
      return rows.length ? rows.reduce((a, b) => a + b, 0) / rows.length : 0;
    };
    names.sort((a, b) => middle(a) - middle(b) || (a < b ? -1 : 1));
    names.forEach((name, row) => places.set(name, {
      x: depth * (boxWidth + columnGap) + 4, y: row * (boxHeight + rowGap) + 4,
    }));
  });
  return places;
}

function shortened(name) {
  return name.length > 26 ? `${name.slice(0, 25)}…` : name;
}

function box(name, place, table, database, here) {
  const kind = table ? `${statusClass(table)} ${lagClass(table)}` : "table";
  const shape = [
    drawing("title", {}, table ? `${name}, ${table.status}` : `${name}, a table`),
    drawing("rect", { class: `box ${kind} ${name === here ? "here" : ""}`, x: place.x, y: place.y,
      width: boxWidth, height: boxHeight, rx: 4 }),
    drawing("text", { x: place.x + 8, y: place.y + 17 }, shortened(name)),
  ];
  return table ? drawing("a", { href: addressOf(database, name) }, shape) : drawing("g", {}, shape);
}

export function graphOf(database, tables, here) {
  const layers = layersOf(tables);
  const places = placesOf(layers, tables);
  const known = new Map(tables.map((table) => [keyOf(database, table.name), table]));
  const width = layers.length * (boxWidth + columnGap) - columnGap + 8;
  const height = Math.max(...layers.map((names) => names.length)) * (boxHeight + rowGap) + 8;
  const edges = tables.flatMap((table) => table.sources.map((source) => {
    const from = places.get(source.name), to = places.get(table.name);
    const startX = from.x + boxWidth, startY = from.y + boxHeight / 2, endY = to.y + boxHeight / 2;
    const bend = (startX + to.x) / 2;
    return drawing("path", { class: "edge",
      d: `M${startX} ${startY}C${bend} ${startY} ${bend} ${endY} ${to.x} ${endY}` });
  }));
  return drawing("svg", { width, height, role: "group", "aria-label": "Each stream table beside what it reads" },
    edges, [...places].map(([name, place]) => box(name, place, known.get(keyOf(database, name)), database, here)));
}
