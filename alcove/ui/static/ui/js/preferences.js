// Colours, density and shortcut keys: a person's taste, kept in this browser.
const plain = { theme: "auto", density: "roomy", keys: "on" };

/** What the person chose for `name`. */
export function preference(name) {
  try {
    return localStorage.getItem(`alcove.${name}`) ?? plain[name];
  } catch {
    return plain[name];
  }
}

function keep(name, value) {
  try {
    if (value === plain[name]) localStorage.removeItem(`alcove.${name}`);
    else localStorage.setItem(`alcove.${name}`, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function apply(name, value) {
  if (name === "keys") return;
  const root = document.documentElement;
  if (value === plain[name]) delete root.dataset[name];
  else root.dataset[name] = value;
}

function show(name, value) {
  for (const box of document.querySelectorAll(`[data-preference="${name}"]`)) box.checked = box.value === value;
}

for (const name of Object.keys(plain)) show(name, preference(name));

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.preference;
  if (!name) return;
  keep(name, event.target.value);
  apply(name, event.target.value);
  show(name, event.target.value);
});
