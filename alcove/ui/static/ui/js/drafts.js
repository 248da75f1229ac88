// <form data-draft-url="…">: what is typed goes to that address every few seconds, and the server's sentence is shown.
// Text is never put into browser storage; while the connection is lost it stays in the page and is tried again.
import { token } from "./csrf.js";
import { strip, watch } from "./page.js";

const PAUSE = 8000;
const LOST = "Connection lost. What you typed stays on this page and will be kept when it is back.";

function statusOf(form) {
  let place = form.querySelector("[data-draft-status]");
  if (!place) {
    place = document.createElement("p");
    place.className = "draft";
    form.append(place);
  }
  place.setAttribute("role", "status");
  return place;
}

async function send(form) {
  return fetch(form.dataset.draftUrl, {
    method: "POST",
    body: new FormData(form),
    headers: { "X-CSRFToken": token(), "X-Alcove-Draft": "1" },
    redirect: "manual",
    keepalive: false,
  });
}

function draft(form) {
  const status = statusOf(form);
  let changed = 0;
  let kept = 0;
  let running = null;

  const say = (sentence, bad = false) => {
    status.textContent = sentence;
    status.classList.toggle("bad", bad);
  };

  const post = async (version, sent) => {
    try {
      const answer = await sent;
      strip("draft", "");
      if (answer.ok) {
        kept = version;
        if (kept === changed) form.dataset.kept = "yes";
        say((await answer.text()).slice(0, 200));
      } else if (answer.status === 409 || answer.status === 422) {
        // The server says why in a sentence; the same text would be refused again, so wait for more typing.
        kept = version;
        say((await answer.text()).slice(0, 200), true);
      } else if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        say("Not kept: please sign in again in another tab, then go on typing here.", true);
      } else {
        say(`Not kept (error ${answer.status}). It will be tried again.`, true);
      }
    } catch {
      strip("draft", LOST);
      say("Not kept yet.", true);
    }
  };

  const keep = () => {
    if (running || changed === kept || form.dataset.busy) return running;
    running = post(changed, send(form)).finally(() => { running = null; });
    return running;
  };

  form.addEventListener("input", () => {
    changed += 1;
    delete form.dataset.kept;
  });
  const timer = setInterval(() => (form.isConnected ? keep() : clearInterval(timer)), PAUSE);
  window.addEventListener("online", () => form.isConnected && keep());
  document.addEventListener("visibilitychange", () => document.hidden && form.isConnected && keep());
  // The last call before the page goes: what was typed while an earlier one was under way follows it.
  form.keepDraft = async () => {
    await keep();
    await keep();
  };
}

watch("form[data-draft-url]", draft);

window.addEventListener("offline", () => strip("offline", LOST));
window.addEventListener("online", () => strip("offline", ""));
document.addEventListener("htmx:sendError", () => strip("offline", "Connection lost. Nothing was sent; please try again."));
document.addEventListener("htmx:afterRequest", (event) => event.detail.xhr?.status && strip("offline", ""));

async function keepNow(form) {
  // What looks after a form may still be on its way to a slow browser.
  if (form.dataset.keep && !form.keepDraft) {
    const { keep } = await import("./keep.js");
    if (!form.keepDraft) keep(form);
  }
  await form.keepDraft?.();
}

/** Ask every draft on the page to be kept now; settles when all were tried. */
export function keepAll() {
  return Promise.allSettled([...document.querySelectorAll("form[data-draft-url], form[data-keep]")].map(keepNow));
}
