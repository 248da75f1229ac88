// data-countdown="93": seconds left, as the server counted them when it wrote the page. Counted on by the page's own
// clock, which nobody sets. Heard at a few marks only, not each second. At the end an event `alcove:over` bubbles up.
import { watch } from "./page.js";

const MARKS = [60, 30, 10];

/** Write seconds as the server does: `1 h 05 min`, `4 min 09 s`, `12 s`. */
function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  const two = (number) => String(number).padStart(2, "0");
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return minutes ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

watch("[data-countdown]", (part) => {
  const end = performance.now() + Number(part.dataset.countdown) * 1000;
  const said = part.querySelector("[data-countdown-said]");
  const shown = part.querySelector("[data-countdown-left]");
  let before = Number(part.dataset.countdown);
  if (!before) return;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    shown.textContent = words(left);
    if (MARKS.some((mark) => before > mark && left <= mark)) said.textContent = `${part.dataset.words} ${words(left)}`;
    before = left;
    if (left && part.isConnected) return;
    clearInterval(timer);
    if (!part.isConnected) return;
    part.querySelector("[data-countdown-runs]").hidden = true;
    part.querySelector("[data-countdown-over]").hidden = false;
    said.textContent = part.dataset.done;
    part.dispatchEvent(new CustomEvent("alcove:over", { bubbles: true }));
  };
  const timer = setInterval(tick, 1000);
});
