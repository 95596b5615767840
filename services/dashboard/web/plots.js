// Small plots, drawn by hand.

import { drawing } from "./dom.js";
import { clock } from "./format.js";

function barClass(action, good) {
  if (!good) return "bar failed";
  return action === "FULL" || action === "REINITIALIZE" ? "bar full" : "bar";
}

// Durations of refreshes: [ms, action, succeeded], the oldest first.
export function sparkline(history, label) {
  const most = Math.max(1, ...history.map(([ms]) => ms));
  return drawing("svg", { class: "spark", viewBox: "0 0 120 24", role: "img", "aria-label": label },
    history.map(([ms, action, good], at) => {
      const height = Math.max(1.5, (ms / most) * 23);
      return drawing("rect", { class: barClass(action, good), x: at * 5, y: 24 - height, width: 4, height });
    }));
}

function axes(width, height, left, most, format, marks) {
  const y = (value) => height - (value / most) * height;
  return [
    [0, 0.5, 1].map((share) => [
      drawing("line", { class: "grid", x1: left, x2: width, y1: y(share * most), y2: y(share * most) }),
      drawing("text", { class: "axis", x: left - 4, y: y(share * most) + 4, "text-anchor": "end" },
        format(share * most)),
    ]),
    marks.map(([x, text]) =>
      drawing("text", { class: "axis", x, y: height + 14, "text-anchor": "middle" }, text)),
  ];
}

export function durations(history, label, format) {
  const width = 460, height = 90, left = 64;
  const most = Math.max(1, ...history.map(([ms]) => ms));
  const step = (width - left) / Math.max(history.length, 1);
  return drawing("svg", { viewBox: `0 -8 ${width} ${height + 12}`, role: "img", "aria-label": label },
    axes(width, height, left, most, format, []),
    history.map(([ms, action, good], at) => {
      const bar = Math.max(1, (ms / most) * height);
      return drawing("rect", {
        class: barClass(action, good), x: left + at * step, y: height - bar, width: Math.max(1, step - 1), height: bar,
      });
    }));
}

// Points [time in ms, value].
export function course(points, label, format) {
  const width = 460, height = 70, left = 64;
  const most = Math.max(1, ...points.map(([, value]) => value)) * 1.05;
  const first = points[0][0];
  const span = Math.max(1, points[points.length - 1][0] - first);
  const path = points.map(([when, value], at) =>
    `${at ? "L" : "M"}${left + ((when - first) / span) * (width - left)} ${height - (value / most) * height}`);
  return drawing("svg", { viewBox: `0 -8 ${width} ${height + 12}`, role: "img", "aria-label": label },
    axes(width, height, left, most, format, []),
    drawing("path", { class: "line", d: path.join("") }));
}

// A forecast's member with its bands of 50 and 95 %.
export function bands(slots, member, label, format, target) {
  const width = 460, height = 110, left = 64;
  const most = Math.max(1e-9, target ?? 0, ...slots.map((slot) => slot[member].high_95)) * 1.05;
  const x = (at) => left + (at / Math.max(slots.length - 1, 1)) * (width - left);
  const y = (value) => height - (value / most) * height;
  const area = (low, high) => `M${slots.map((slot, at) => `${x(at)} ${y(slot[member][high])}`).join("L")}`
    + `L${slots.map((slot, at) => `${x(at)} ${y(slot[member][low])}`).reverse().join("L")}Z`;
  const every = Math.max(1, Math.floor(slots.length / 4));
  const marks = slots.map((slot, at) => [x(at), clock(slot.from), at]).filter(([, , at]) => at > 0 && at % every === 0)
    .filter(([at]) => at < width - 20);
  return drawing("svg", { viewBox: `0 -8 ${width} ${height + 26}`, role: "img", "aria-label": label },
    axes(width, height, left, most, format, marks),
    drawing("path", { class: "band", d: area("low_95", "high_95") }),
    drawing("path", { class: "band", d: area("low_50", "high_50") }),
    drawing("path", { class: "line", d: `M${slots.map((slot, at) => `${x(at)} ${y(slot[member].expected)}`).join("L")}` }),
    target ? drawing("line", { class: "target", x1: left, x2: width, y1: y(target), y2: y(target) }) : null);
}
