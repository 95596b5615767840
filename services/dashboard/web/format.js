// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en");
const missing = "–";

export function count(number) {
  return number == null ? missing : whole.format(number);
}

export function duration(ms) {
  if (ms == null) return missing;
  if (ms === 0) return "0 s";
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

// Of what takes little.
export function exactly(ms) {
  return ms < 10 ? `${ms.toFixed(2)} ms` : duration(ms);
}

export function seconds(number) {
  return number == null ? missing : duration(number * 1000);
}

export function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${unit > 0 && number < 10 ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

export function time(text) {
  return text ? new Date(text).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" }) : missing;
}

export function clock(text) {
  return new Date(text).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

// From `now` until `text`, both as the server has them.
export function until(text, now) {
  const ms = Date.parse(text) - Date.parse(now);
  return ms <= 0 ? "due" : `in ${duration(ms)}`;
}
