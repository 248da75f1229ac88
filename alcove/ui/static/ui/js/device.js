// This browser's own key: made once, kept by the browser, never readable by a script. It signs the session's challenge,
// at the gate (<main data-device-gate>) and then every few minutes (<html data-device-url>), so that a copied cookie alone
// soon stops working. See docs/decisions/0009-devices.md.
import { token } from "./csrf.js";

const EVERY = 120_000;
const KIND = { name: "ECDSA", namedCurve: "P-256" };

/** Run one request against the small store that keeps the key pair. */
function store(mode, work) {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("alcove-device", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const base = opening.result;
      const moving = base.transaction("keys", mode);
      const asked = work(moving.objectStore("keys"));
      moving.oncomplete = () => { base.close(); done(asked.result); };
      moving.onerror = () => { base.close(); failed(moving.error); };
    };
  });
}

/** Return this browser's key pair, making it at the first call. */
async function keys() {
  const held = await store("readonly", (all) => all.get("device"));
  if (held) return held;
  const made = await crypto.subtle.generateKey(KIND, false, ["sign", "verify"]);
  await store("readwrite", (all) => all.put(made, "device"));
  return made;
}

function base64url(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return this browser's public key and its signature of `words`, both base64url. */
export async function sign(words) {
  const pair = await keys();
  const signed = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(words),
  );
  return { point: base64url(await crypto.subtle.exportKey("raw", pair.publicKey)), signature: base64url(signed) };
}

/** Sign the session's challenge and send it; return the state the server answers with. */
export async function prove(url) {
  for (let tried = 0; tried < 3; tried += 1) {
    const asked = await fetch(url, { headers: { Accept: "application/json" } });
    if (!asked.ok) return "over";
    const { session, challenge } = await asked.json();
    const body = new URLSearchParams(await sign(`alcove-device\n${session}\n${challenge}`));
    const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token() } });
    if (!answer.ok && answer.status !== 409) return "over";
    const { state } = await answer.json();
    // Another tab may have answered the same challenge first: ask for the next one.
    if (state !== "again") return state;
  }
  return "over";
}

const gate = document.querySelector("[data-device-gate]");
const url = document.documentElement.dataset.deviceUrl;

async function pass() {
  const sentence = gate.querySelector("[data-device-status]");
  try {
    const state = await prove(gate.dataset.deviceGate);
    if (state === "over") sentence.textContent = "This session does not go on in this browser. Sign out, then sign in again.";
    else location.reload();
  } catch {
    sentence.textContent = "This browser keeps no key here (a private window?). Use the button below.";
    gate.querySelector("[data-device-plain]")?.removeAttribute("hidden");
  }
}

if (gate) pass();
else if (url) {
  const again = () => document.visibilityState === "visible" && prove(url).catch(() => undefined);
  setInterval(again, EVERY);
  document.addEventListener("visibilitychange", again);
}

// Whoever waits for approval is let in without touching anything.
const waiting = document.querySelector("[data-device-waits]");
if (waiting) setInterval(() => document.querySelector("input:focus")?.value || location.reload(), 10_000);
