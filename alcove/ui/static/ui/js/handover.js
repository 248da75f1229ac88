// A page in somebody else's hands: <form data-hand-over="url" data-warn="60" data-end="90" data-over="url">. Touches are
// told to the server, whose clock decides; this only warns, and shows the next page once the time is over.
import { token } from "./csrf.js";
import { strip, watch } from "./page.js";

const EVERY = 5000;

watch("[data-hand-over]", (part) => {
  const { handOver, over } = part.dataset;
  const warn = Number(part.dataset.warn) * 1000;
  const end = Number(part.dataset.end) * 1000;
  let told = Date.now();

  const leave = () => {
    clearInterval(timer);
    location.replace(over);
  };
  const touched = async () => {
    const now = Date.now();
    if (now - told < EVERY) return;
    if (now - told >= end) return leave();
    told = now;
    strip("hand-over", "");
    try {
      const answer = await fetch(handOver, { method: "POST", headers: { "X-CSRFToken": token() }, redirect: "manual" });
      if (!answer.ok) leave();
    } catch {
      // The strip of the drafts says that the connection is lost.
    }
  };
  const look = () => {
    const quiet = Date.now() - told;
    if (quiet >= end) return leave();
    strip("hand-over", quiet >= warn ? "Are you still there? Touch the screen, or this tablet locks in half a minute." : "");
  };

  for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    window.addEventListener(kind, touched, { passive: true, capture: true });
  }
  const timer = setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
});
