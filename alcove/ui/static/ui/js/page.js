// Small things several modules need.

/** Call `act` for every element that matches, now and after each answer htmx puts into the page. */
export function watch(selector, act) {
  const seen = new WeakSet();
  const run = (root) => {
    for (const element of root.querySelectorAll(selector)) {
      if (seen.has(element)) continue;
      seen.add(element);
      act(element);
    }
  };
  run(document);
  document.addEventListener("htmx:afterSettle", () => run(document));
}

const reasons = new Map();

/** Show a sentence in the band at the top under the key `why`, or take it away with an empty one. */
export function strip(why, sentence) {
  const band = document.getElementById("strip");
  if (!band) return;
  if (sentence) reasons.set(why, sentence);
  else reasons.delete(why);
  const text = [...reasons.values()].at(-1) ?? "";
  if (band.textContent !== text) band.textContent = text;
  band.hidden = !text;
}
