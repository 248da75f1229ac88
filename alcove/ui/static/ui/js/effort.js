// Forms with fields "taps" and "tenths": how many presses they took, and tenths of a second since the first one. Two small
// numbers, so that what security costs people can be seen; nothing of what is typed.
const MOST_TAPS = 99;
const LONGEST = 6000;
let taps = 0;
let first = 0;

function count(event) {
  if (event.repeat || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  first ||= performance.now();
  taps += 1;
}

if (document.querySelector('form [name="taps"]')) {
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, count, { passive: true, capture: true });
  document.addEventListener("submit", (event) => {
    const fields = event.target.elements;
    if (!fields.taps || !fields.tenths || !first) return;
    fields.taps.value = Math.min(taps, MOST_TAPS);
    fields.tenths.value = Math.min(Math.round((performance.now() - first) / 100), LONGEST);
  }, true);
}
