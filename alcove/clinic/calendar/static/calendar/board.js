// The calendar's grid: dragging with a pointer, moving with keys, booking into an empty place, and drawing anew when a
// colleague changed something. The server decides everything; this only asks it, and puts back what was refused.
import { token } from "../ui/js/csrf.js";

const QUIET = { "X-Alcove-Quiet": "1" };
const LOOK = 10_000;
const PRESS = 350;
const SLACK = 5;
const said = document.getElementById("said");
const moved = document.getElementById("moved");
const problem = document.getElementById("problem");
const board = () => document.getElementById("board");
const cal = () => document.querySelector(".cal");
let held = null; // what is being dragged or moved by keys
let suppress = false;
let undoTimer = 0;

const rowPixels = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--cal-row"));
const number = (element, letter) =>
  Number([...element.classList].find((name) => new RegExp(`^${letter}\\d+$`).test(name))?.slice(1) ?? 0);
const put = (element, row) => {
  element.classList.remove(`r${number(element, "r")}`);
  element.classList.add(`r${row}`);
};
const rows = () => number(document.querySelector(".cal-grid"), "g");
const columns = () => [...document.querySelectorAll(".col")];

/** Say what the clock shows at a row: the last hour above it, and the minutes since. */
function clock(row) {
  let best = null;
  for (const hour of document.querySelectorAll(".cal-hours li")) if (number(hour, "r") <= row) best = hour;
  if (!best) return "";
  const minutes = (row - number(best, "r")) * 5;
  return best.textContent.replace(/:\d\d/, `:${String(minutes).padStart(2, "0")}`);
}

function tell(sentence) {
  said.textContent = sentence;
}

function place(item, column, row) {
  const last = rows() - number(item, "d") + 1;
  put(item, Math.max(1, Math.min(last, row)));
  const list = column.querySelector("ol");
  if (item.parentNode !== list) list.append(item);
}

function begin(item) {
  held = { item, from: item.closest(".col"), row: number(item, "r"), classes: item.className, next: item.nextSibling };
  for (const name of [...item.classList]) if (/^[nl]\d+$/.test(name)) item.classList.remove(name);
  item.classList.add("drag", "n1", "l0");
}

function back() {
  if (!held) return;
  const { item, from, classes, next } = held;
  item.className = classes;
  from.querySelector("ol").insertBefore(item, next?.parentNode === from.querySelector("ol") ? next : null);
  held = null;
}

function complain(sentence, url) {
  const line = document.createElement("p");
  line.textContent = sentence;
  if (url) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = "Move it with a form";
    line.append(" ", link);
  }
  problem.replaceChildren(line);
  problem.scrollIntoView({ block: "nearest" });
}

function offerUndo(sentence, url, seconds) {
  moved.querySelector("p").textContent = sentence;
  moved.querySelector("form").action = url;
  moved.hidden = false;
  clearTimeout(undoTimer);
  undoTimer = setTimeout(() => (moved.hidden = true), seconds * 1000);
}

/** Ask the server for the move; put the block back if it says no. */
async function drop() {
  const { item, from, row } = held;
  const column = item.closest(".col");
  const now = number(item, "r");
  if (column === from && now === row) return back();
  const page = item.querySelector("a").getAttribute("href");
  // By how much it moves, in minutes that pass: columns of a week say when each of them begins.
  const shift = Number(column.dataset.begin) - Number(from.dataset.begin) + (now - row) * 5;
  const body = new URLSearchParams({ shift: String(shift), version: item.dataset.v, appointment: item.id.slice(1) });
  const view = board().dataset.view;
  // Another column of a day is another person or room; of a week, another day.
  if (view === "day" && column !== from) body.set("to", column.dataset.key);
  const asked = held;
  asked.sent = true;
  try {
    const answer = await fetch(`${page}shift/`, { method: "POST", body, headers: { "X-CSRFToken": token() } });
    const told = await answer.json();
    if (answer.ok) {
      problem.replaceChildren();
      item.classList.remove("drag");
      held = null;
      tell(told.sentence);
      offerUndo(told.sentence, told.undo, told.seconds);
      return draw();
    }
    back();
    tell(told.sentence);
    complain(told.sentence, told.form);
    if (answer.status === 409) draw();
  } catch {
    back();
    complain("That did not reach the server, so nothing was moved. Please try again.");
  }
}

// With a pointer: at once with a mouse, after a press of a third of a second on touch, so that a finger still scrolls.
let press = null;
document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest?.(".ap[id]");
  if (!item || event.button || held || item.hasAttribute("data-fixed")) return;
  press = { item, id: event.pointerId, x: event.clientX, y: event.clientY, row: number(item, "r"), touch: event.pointerType === "touch" };
  if (press.touch) press.timer = setTimeout(() => press && lift(), PRESS);
});

function lift() {
  begin(press.item);
  press.lifted = true;
  press.top = cal().scrollTop;
  cal().toggleAttribute("data-dragging", true);
  try {
    press.item.setPointerCapture(press.id);
  } catch {
    // The finger has left already.
  }
}

document.addEventListener("pointermove", (event) => {
  if (!press || event.pointerId !== press.id) return;
  const far = Math.hypot(event.clientX - press.x, event.clientY - press.y);
  if (!press.lifted) {
    if (far < SLACK) return;
    if (press.touch) return letGo();
    lift();
  }
  const steps = Math.round((event.clientY - press.y + cal().scrollTop - press.top) / rowPixels());
  const over = document.elementsFromPoint(event.clientX, event.clientY).map((one) => one.closest(".col")).find(Boolean);
  place(press.item, over ?? press.item.closest(".col"), press.row + steps);
  edge(event);
});

/** Scroll when the block is held near the edge. */
function edge(event) {
  const box = cal().getBoundingClientRect();
  if (event.clientY > box.bottom - 24) cal().scrollTop += 12;
  if (event.clientY < box.top + 60) cal().scrollTop -= 12;
  if (event.clientX > box.right - 24) cal().scrollLeft += 12;
  if (event.clientX < box.left + 70) cal().scrollLeft -= 12;
}

function letGo() {
  clearTimeout(press?.timer);
  cal()?.removeAttribute("data-dragging");
  press = null;
}

document.addEventListener("pointerup", (event) => {
  if (!press || event.pointerId !== press.id) return;
  const lifted = press.lifted;
  letGo();
  if (!lifted) return;
  suppress = true;
  setTimeout(() => (suppress = false), 0);
  drop();
});
document.addEventListener("pointercancel", () => {
  if (press?.lifted) back();
  letGo();
});
document.addEventListener("touchmove", (event) => press?.lifted && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => press?.lifted && event.preventDefault());
document.addEventListener("dragstart", (event) => event.target.closest?.(".cal") && event.preventDefault());
document.addEventListener("click", (event) => {
  if (suppress || held) {
    if (event.target.closest?.(".cal")) {
      event.preventDefault();
      event.stopPropagation();
    }
    return;
  }
  book(event);
}, true);

// By keys: M takes a block up, arrows move it, Enter puts it down, Esc leaves it where it was.
document.addEventListener("keydown", (event) => {
  const item = event.target.closest?.(".ap[id]");
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!held) {
    if (event.key.toLowerCase() !== "m" || item.hasAttribute("data-fixed")) return;
    event.preventDefault();
    begin(item);
    return tell(`Moving. ${clock(held.row)}. Arrow keys move it, Enter puts it down, Escape leaves it.`);
  }
  if (held.item !== item || held.sent) return;
  const all = columns();
  const at = all.indexOf(item.closest(".col"));
  const row = number(item, "r");
  const step = event.shiftKey ? 1 : 3;
  const aside = document.dir === "rtl" ? -1 : 1;
  const to = {
    ArrowUp: [at, row - step], ArrowDown: [at, row + step],
    ArrowLeft: [at - aside, row], ArrowRight: [at + aside, row],
  }[event.key];
  if (to) {
    event.preventDefault();
    place(item, all[Math.max(0, Math.min(all.length - 1, to[0]))], to[1]);
    item.querySelector("a").focus();
    item.scrollIntoView({ block: "nearest", inline: "nearest" });
    return tell(`${clock(number(item, "r"))}, ${item.closest(".col").querySelector("h2").textContent}`);
  }
  if (event.key === "Enter") {
    event.preventDefault();
    drop();
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    back();
    item.querySelector("a").focus();
    tell("Left where it was.");
  } else if (event.key === "Tab") {
    back();
  }
}, true);

/** An empty place leads to booking there. */
function book(event) {
  const list = event.target.closest?.(".col > ol");
  if (!list || event.target.closest(".ap") || !board().dataset.new || !("bookable" in board().dataset)) return;
  const column = list.closest(".col");
  const row = Math.floor((event.clientY - list.getBoundingClientRect().top) / rowPixels() / 3) * 3;
  const url = new URL(board().dataset.new, location.href);
  url.searchParams.set("at", String(Number(column.dataset.begin) + row * 5));
  const view = board().dataset.view;
  if (view === "day") url.searchParams.set(board().dataset.by === "rooms" ? "room" : "person", column.dataset.key);
  location.href = url.href;
}

// What colleagues change. Nothing is drawn anew while something is dragged, typed or chosen.
let drawing = false;
let since = performance.now();
async function draw() {
  if (drawing) return;
  drawing = true;
  try {
    const { scrollTop, scrollLeft } = cal() ?? {};
    const focused = document.activeElement?.closest?.(".ap[id]")?.id;
    await window.htmx.ajax("GET", board().dataset.here, { target: "#board", swap: "outerHTML" });
    since = performance.now();
    if (cal()) Object.assign(cal(), { scrollTop, scrollLeft });
    if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
  } finally {
    drawing = false;
  }
}

const idle = () =>
  !held && !press && !document.hidden && !document.documentElement.classList.contains("covered") &&
  !document.querySelector("dialog[open]") && !document.activeElement?.matches?.("input, select, textarea");

async function look() {
  if (!board() || !idle()) return;
  try {
    const answer = await fetch(board().dataset.versionUrl, { headers: QUIET });
    if (answer.ok && (await answer.text()) !== board().dataset.version && idle()) await draw();
  } catch {
    // The next look tries again.
  }
}
setInterval(look, LOOK);
document.addEventListener("visibilitychange", look);

// Now: moved on each minute by the page's own clock, from the row where the server said it is.

setInterval(() => {
  const passed = Math.floor((performance.now() - since) / 300_000);
  for (const line of document.querySelectorAll(".now")) put(line, Math.min(rows(), Number(line.dataset.now) + passed));
}, 60_000);

for (const notice of document.querySelectorAll("[data-undo]")) setTimeout(() => notice.remove(), Number(notice.dataset.undo) * 1000);

// The first look is at now, or at the first appointment.
const first = document.querySelector(".now") ?? document.querySelector(".ap");
if (first && cal()) {
  cal().scrollTop = Math.max(0, first.offsetTop - 120);
  // On a phone a week is wider than the screen: today's column is the first that shows.
  const today = document.querySelector(".cal-week .now")?.closest(".col");
  if (today) cal().scrollLeft = today.offsetLeft - document.querySelector(".cal-hours").offsetWidth;
}
