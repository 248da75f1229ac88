// <form data-keep="…">: what was changed goes to that address every minute and before the page locks, and is put back when
// the page is opened again (data-kept). Never into browser storage; never passwords, files or one-time codes.
import { token } from "./csrf.js";
import { watch } from "./page.js";

const REFUSED = 'input[type="hidden"], input[type="password"], input[type="file"], [autocomplete="one-time-code"]';

const fieldsOf = (form) => [...form.elements].filter((one) =>
  one.name && one.matches("input, textarea, select") && !one.matches(REFUSED) && !one.disabled);

function values(fields) {
  return fields.flatMap((one) => {
    if (one.type === "checkbox" || one.type === "radio") return one.checked ? [one.value] : [];
    if (one.multiple && one.options) return [...one.selectedOptions].map((option) => option.value);
    return [one.value];
  });
}

/** What the server put into fields: somebody may have typed before this file was here. */
function given(fields) {
  return fields.flatMap((one) => {
    if (one.type === "checkbox" || one.type === "radio") return one.defaultChecked ? [one.value] : [];
    if (one.options) {
      const chosen = [...one.options].filter((option) => option.defaultSelected);
      return (chosen.length || one.multiple ? chosen : [...one.options].slice(0, 1)).map((option) => option.value);
    }
    if (one.matches("textarea")) return [one.defaultValue];
    // A field of this kind may not take every text: what it makes of it is no typing.
    return [Object.assign(document.createElement("input"), { type: one.type, defaultValue: one.defaultValue }).value];
  });
}

/** What each field of a form holds, or as ``read`` says held: {name: [values]}. */
function content(form, read = values) {
  const named = Map.groupBy ? Map.groupBy(fieldsOf(form), (one) => one.name) : grouped(fieldsOf(form));
  return Object.fromEntries([...named].map(([name, fields]) => [name, read(fields)]));
}

function grouped(fields) {
  const named = new Map();
  for (const one of fields) named.set(one.name, [...(named.get(one.name) ?? []), one]);
  return named;
}

function put(form, kept) {
  for (const [name, held] of Object.entries(kept)) {
    const fields = fieldsOf(form).filter((one) => one.name === name);
    fields.forEach((one, at) => {
      if (one.type === "checkbox" || one.type === "radio") one.checked = held.includes(one.value);
      else if (one.multiple && one.options) for (const option of one.options) option.selected = held.includes(option.value);
      else if (held[at] !== undefined) one.value = held[at];
      one.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

function say(form, sentence) {
  let place = form.querySelector("[data-keep-status]");
  if (!place) {
    place = document.createElement("p");
    place.className = "draft";
    place.dataset.keepStatus = "";
    place.setAttribute("role", "status");
    form.append(place);
  }
  place.replaceChildren(sentence);
  return place;
}

function post(form, told) {
  return fetch(form.dataset.keep, {
    method: "POST",
    body: new URLSearchParams({ page: location.pathname, ...told }),
    headers: { "X-CSRFToken": token() },
    redirect: "manual",
  });
}

/** Look after one form; it may have left the page already, when the page locks before this file was here. */
export function keep(form) {
  const before = content(form, given);
  let sent = "";

  const changed = () => Object.fromEntries(Object.entries(content(form))
    .filter(([name, held]) => JSON.stringify(held) !== JSON.stringify(before[name])));

  form.keepDraft = async () => {
    const now = changed();
    const text = JSON.stringify(now);
    if (text === sent || form.dataset.busy || !Object.keys(now).length) return;
    try {
      const answer = await post(form, { content: text });
      // What was refused would be refused again: wait for more typing. A server in trouble is asked again.
      if (answer.status < 500) sent = text;
      if (answer.ok) say(form, (await answer.text()).slice(0, 100));
    } catch {
      // The text is still in the page, and is sent again with the next change.
    }
  };

  if (form.dataset.kept) {
    const typed = changed();
    put(form, Object.fromEntries(Object.entries(JSON.parse(form.dataset.kept)).filter(([name]) => !(name in typed))));
    sent = JSON.stringify(changed());
    const place = say(form, `What you typed at ${form.dataset.keptAt} is back. It is not saved yet. `);
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "link";
    drop.textContent = "Throw it away";
    drop.addEventListener("click", async () => {
      await post(form, { forget: "yes" }).catch(() => {});
      delete form.dataset.kept;
      put(form, before);
      sent = "";
      say(form, "Thrown away.");
    });
    place.append(drop);
    delete form.dataset.kept;
  }
  const timer = setInterval(() => (form.isConnected ? form.keepDraft() : clearInterval(timer)), form.dataset.keepSeconds * 1000);
  document.addEventListener("visibilitychange", () => document.hidden && form.isConnected && form.keepDraft());
}

watch("form[data-keep]", keep);
