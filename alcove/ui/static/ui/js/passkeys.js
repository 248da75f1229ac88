// Passkeys: <form data-passkey="get|make" data-options="JSON"> asks the browser for one when it is sent, puts the
// answer into its field "answer" and goes on as any other form. The page stands and works without this: the form is
// hidden until it is here.
//
// data-autofill: also offer passkeys in the list under the field with autocomplete="… webauthn", where browsers can.
// A question counts for five minutes; an older one is asked anew at data-renew.
import { sign } from "./device.js";

const LIFE = 4 * 60_000;
const born = new WeakMap();
let waiting = null;

const sentences = {
  none: "This browser has no passkeys. Choose another way.",
  NotAllowedError: "Nothing was sent: it was cancelled, took too long, or this device has no passkey for here.",
  InvalidStateError: "This device or key has a passkey for your account already.",
  ConstraintError: "This key cannot check that it is you by PIN, finger or face. Use another one.",
  NotSupportedError: "This device or key cannot do what is needed here. Use another one.",
  SecurityError: "Passkeys work only at this site's own name and over HTTPS. Check the address.",
  offline: "The server did not answer. Check the connection and try again.",
};

function say(form, sentence) {
  const place = form.querySelector("[data-passkey-problem]");
  place.textContent = sentence;
  place.hidden = !sentence;
}

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

function toText(bytes) {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const described = (list) => (list ?? []).map((item) => ({ ...item, id: toBytes(item.id) }));

/** What the browser's own function takes, from the server's JSON. */
function question(form) {
  const given = JSON.parse(form.dataset.options);
  const asked = { ...given, challenge: toBytes(given.challenge) };
  if (form.dataset.passkey === "get") return { ...asked, allowCredentials: described(given.allowCredentials) };
  asked.user = { ...given.user, id: toBytes(given.user.id) };
  asked.excludeCredentials = described(given.excludeCredentials);
  return asked;
}

/** The JSON the server reads, from what the browser's own function returned. */
function answer(credential) {
  const { response } = credential;
  const told = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = toText(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = toText(response.authenticatorData);
    told.signature = toText(response.signature);
    if (response.userHandle) told.userHandle = toText(response.userHandle);
  }
  return JSON.stringify({
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: told, clientExtensionResults: {},
  });
}

async function renew(form) {
  if (performance.now() - born.get(form) < LIFE) return;
  const told = await fetch(form.dataset.renew, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  const fits = told.ok && !told.redirected && told.headers.get("Content-Type")?.startsWith("application/json");
  if (!fits) {
    // The session is over, or something has to be proved first: the page itself says what.
    location.reload();
    throw new DOMException("", "AbortError");
  }
  form.dataset.options = await told.text();
  born.set(form, performance.now());
}

async function send(form, credential) {
  // A known browser that shows its own key in the same breath is not asked for it afterwards.
  if (form.elements.point) {
    const { challenge } = JSON.parse(form.dataset.options);
    const own = await sign(`alcove-device\nsign-in\n${challenge}`).catch(() => ({}));
    form.elements.point.value = own.point ?? "";
    form.elements.signature.value = own.signature ?? "";
  }
  form.elements.answer.value = answer(credential);
  form.requestSubmit();
}

async function ask(form) {
  say(form, "");
  waiting?.abort();
  try {
    await renew(form);
    const publicKey = question(form);
    const container = navigator.credentials;
    await send(form, await (form.dataset.passkey === "get" ? container.get({ publicKey }) : container.create({ publicKey })));
  } catch (fault) {
    if (fault.name === "AbortError") return;
    say(form, fault instanceof TypeError ? sentences.offline : sentences[fault.name] ?? sentences.NotAllowedError);
    autofill(form);
  }
}

async function autofill(form) {
  if (!("autofill" in form.dataset) || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const mine = (waiting = new AbortController());
  const again = setTimeout(() => mine.abort("renew"), LIFE);
  try {
    await renew(form);
    await send(form, await navigator.credentials.get({
      publicKey: question(form), mediation: "conditional", signal: mine.signal,
    }));
  } catch {
    // Nobody asked for anything yet, so there is nothing to say. A question that grew old is asked anew.
    if (mine.signal.reason === "renew" && form.isConnected) autofill(form);
  } finally {
    clearTimeout(again);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-passkey]") || form.elements.answer.value) return;
  event.preventDefault();
  ask(form);
}, true);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const able = window.PublicKeyCredential && navigator.credentials && window.isSecureContext;
  born.set(form, performance.now());
  if (able) {
    form.hidden = false;
    autofill(form);
  } else if (form.dataset.passkey === "make") {
    form.hidden = false;
    say(form, sentences.none);
  }
}
// A page that comes back by the Back button must not send what it sent before.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) form.elements.answer.value = "";
});
