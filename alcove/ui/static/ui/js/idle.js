// Nobody touched anything for a while: cover the page, then lock it. All tabs count as one.
// Times come from <html data-cover-seconds data-idle-seconds>; the server ends the session by its own clock as well.
import { keepAll } from "./drafts.js";
import { strip } from "./page.js";
import { hide } from "./privacy.js";

const root = document.documentElement;
const limit = Number(root.dataset.idleSeconds) * 1000 || 0;
const coverAfter = Number(root.dataset.coverSeconds) * 1000 || 0;
const WARN = 60_000;
const KEEP_WITHIN = 10_000;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("alcove-activity") : null;
let last = Date.now();
let warned = false;

/** Take the content out of the page and ask the server to lock the session. */
export async function lock() {
  const form = document.querySelector("form[data-lock]");
  if (!form || root.dataset.locking) return;
  root.dataset.locking = "yes";
  hide();
  const kept = keepAll();
  // The form leaves its menu, so that nothing but the cover and the form is left behind.
  form.hidden = true;
  document.body.append(form);
  for (const part of document.querySelectorAll(".shell, .bottombar, dialog:not(.cover), .pop")) part.remove();
  // A busy server gets the time to keep what was typed: nothing of it is in the page any more.
  await Promise.race([kept, new Promise((done) => setTimeout(done, KEEP_WITHIN))]);
  form.submit();
}

function active() {
  const now = Date.now();
  if (now - last < 1000) return;
  check();
  if (root.dataset.locking) return;
  last = now;
  strip("idle", "");
  tabs?.postMessage(now);
}

function check() {
  const quiet = Date.now() - last;
  if (coverAfter && quiet >= coverAfter) hide();
  if (!limit) return;
  if (quiet >= limit) return lock();
  const near = limit > 2 * WARN && quiet >= limit - WARN;
  if (near && !warned) keepAll();
  warned = near;
  strip("idle", near ? "This page locks within a minute. Press a key to stay." : "");
}

document.addEventListener("click", (event) => event.target.closest?.("[data-lock-now]") && lock());
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-lock]")) return;
  event.preventDefault();
  lock();
}, true);

if (limit || coverAfter) {
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll"]) {
    window.addEventListener(kind, active, { passive: true, capture: true });
  }
  tabs?.addEventListener("message", (event) => {
    last = Math.max(last, Number(event.data) || 0);
    strip("idle", "");
  });
  setInterval(check, 1000);
  document.addEventListener("visibilitychange", check);
}

// A page brought back by the Back button may belong to a session that is over: ask the server again.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
