// Follows the server and shows what it tells.

import { beginAccount } from "./account.js";
import { byId } from "./dom.js";
import { closeDetails, openDetails } from "./details.js";
import { showLists, showNode } from "./lists.js";
import { state, tableAt, takeChanges, takeStatus } from "./model.js";
import { beginTables, showTables } from "./tables.js";

const pollInterval = 5000;
const followAgain = 15000;

function say(text, isLost) {
  const link = byId("link");
  if (link.textContent === text) return;
  link.textContent = text;
  link.classList.toggle("lost", Boolean(isLost));
}

function showAll() {
  showNode();
  if (byId("overview").hidden) return;
  showTables();
  showLists();
}

let isFirst = true;

function take(status) {
  takeStatus(status);
  showAll();
  if (isFirst) performance.mark("shown");
  isFirst = false;
}

// -- where we are ----------------------------------------------------------------

function route() {
  const which = tableAt(location.hash);
  byId("overview").hidden = Boolean(which);
  byId("details").hidden = !which;
  document.title = which ? `${which.name} – pgtrickle` : "pgtrickle";
  if (which) return openDetails(which);
  if (state.status) showAll();
  closeDetails();
}

// -- following -------------------------------------------------------------------

async function poll() {
  try {
    const answer = await fetch("api/v1/status");
    if (!answer.ok) throw new Error((await answer.json()).error);
    take(await answer.json());
    say("every 5 seconds: others follow already");
  } catch (problem) {
    say(`not connected: ${problem.message}`, true);
  }
}

// Where the server has no room for one more who follows, it is asked.
function pollForAWhile() {
  poll();
  const timer = setInterval(poll, pollInterval);
  setTimeout(() => {
    clearInterval(timer);
    follow();
  }, followAgain);
}

function follow() {
  const events = new EventSource("api/v1/events");
  events.addEventListener("status", (event) => {
    take(JSON.parse(event.data));
    say("live");
  });
  events.addEventListener("changes", (event) => {
    takeChanges(JSON.parse(event.data));
    showAll();
    say("live");
  });
  events.addEventListener("error", () => {
    say("connection lost, trying again", true);
    if (events.readyState === EventSource.CLOSED) pollForAWhile();
  });
}

beginTables();
beginAccount();
byId("database").addEventListener("change", showAll);
addEventListener("hashchange", route);
route();
follow();
