// Who is signed in, and what they may do.

import { byId, element, show } from "./dom.js";
import { state } from "./model.js";

let account = { role: null };
let said = "";

async function post(path, body) {
  const answer = await fetch(`api/v1/${path}`, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-Pgtrickle-Token": account.token ?? "" } });
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.status === 401) setAccount({ role: null });
  if (!answer.ok) throw new Error([told.error ?? `the daemon answered ${answer.status}`, told.hint].filter(Boolean).join(". "));
  return told;
}

function setAccount(next) {
  account = next;
  show(byId("account"), account.role
    ? [`${account.role} in ${account.database} `, element("button", { type: "button", onclick: signOut }, "Sign out")]
    : element("button", { type: "button", onclick: () => signIn() }, "Sign in"));
}

// -- the dialog: a question, and what is done when it is answered -----------------

function ask(title, content, answer, act) {
  const dialog = byId("dialog");
  const problem = element("p", { class: "bad", role: "alert" });
  const yes = element("button", { type: "submit" }, answer);
  const form = element("form", { method: "dialog" }, element("h2", { id: "dialog-title" }, title), content, problem,
    element("div", { class: "actions" }, yes, element("button", { type: "button", onclick: () => dialog.close() }, "Cancel")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (yes.disabled) return;
    yes.disabled = true;
    problem.textContent = "";
    try {
      await act(form);
      dialog.close();
    } catch (failed) {
      problem.textContent = failed.message;
    }
    yes.disabled = false;
  });
  dialog.setAttribute("aria-labelledby", "dialog-title");
  dialog.replaceChildren(form);
  dialog.showModal();
}

function field(label, attributes) {
  return element("label", {}, label, element("input", { required: true, ...attributes }));
}

function signIn(database) {
  const names = (state.status?.databases ?? []).filter((one) => one.is_shown).map((one) => one.db_name);
  ask("Sign in as a role of PostgreSQL", [
    element("label", {}, "Database", element("select", { name: "database" },
      names.map((name) => element("option", { selected: name === database }, name)))),
    field("Role", { name: "role", autocomplete: "username", spellcheck: "false" }),
    field("Password", { name: "password", type: "password", autocomplete: "current-password" })], "Sign in",
  async (form) => setAccount(await post("sign_in", {
    database: form.elements.database.value, role: form.elements.role.value, password: form.elements.password.value })));
}

async function signOut() {
  await post("sign_out", {}).catch(() => {});
  setAccount({ role: null });
}

// -- actions -----------------------------------------------------------------------

const actions = [
  { id: "refresh", title: "Refresh", tells: "It is refreshed now, whatever its schedule says." },
  { id: "suspend", title: "Suspend", tells: "It is refreshed no more, and falls behind, until somebody resumes it.",
    fits: (t) => t.status === "ACTIVE" },
  { id: "resume", title: "Resume", tells: "It is refreshed by its schedule again.",
    fits: (t) => t.status === "SUSPENDED" || t.status === "ERROR" },
  { id: "snapshot", title: "Take a snapshot", tells: "All of its rows are copied into a table of its schema." },
  { id: "apply_recommendation", title: "Apply the recommended schedule", fits: (t) => advised(t) > 0,
    tells: (t) => `Its schedule becomes ${advised(t)} s, or what is recommended by then; it is ${t.schedule}.` },
];

function advised(t) {
  return t.recommendation?.confidence > 0 ? Math.round(t.recommendation.recommended_interval_seconds ?? 0) : 0;
}

function confirm(action, t) {
  said = "";
  ask(`${action.title}: ${t.name}`, element("p", {}, typeof action.tells === "string" ? action.tells : action.tells(t)),
    action.title, async () => {
      await post("actions", { action: action.id, stream_table: t.name });
      said = `${action.title}: done`;
      byId("said").textContent = said;
    });
}

function signedInFor(database) {
  return account.role && account.database === database;
}

// The buttons stay the same elements from one look to the next: what they do
// is looked up when they are pressed.
let shown = null;

export function actionsFor(t) {
  shown = t;
  const press = (event) => {
    const action = actions.find((one) => one.id === event.currentTarget.dataset.action);
    if (signedInFor(shown.database)) confirm(action, shown);
    else signIn(shown.database);
  };
  const buttons = actions.filter((one) => one.fits?.(t) ?? true).map((one) =>
    element("button", { type: "button", "data-action": one.id, onclick: press }, one.title));
  return element("div", { class: "actions", role: "group", "aria-label": "Actions" }, buttons,
    element("p", { id: "said", role: "status" }, said));
}

export function forgetSaid() {
  said = "";
}

export async function beginAccount() {
  setAccount({ role: null });
  try {
    const answer = await fetch("api/v1/sign_in");
    if (answer.ok) setAccount(await answer.json());
  } catch {
    // The state of the connection stands in the header.
  }
}
