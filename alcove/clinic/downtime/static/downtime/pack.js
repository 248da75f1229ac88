// Opens a downtime pack: asks for the passphrase, derives its key, decrypts, and draws what it says until it expires.
// Runs inside the pack's own page, from disk, without a network. Everything is drawn as text; nothing is stored.
"use strict";
(() => {
  const LABEL = "alcove.downtime.pack.1\0";
  const SIGNS = /[^abcdefghijkmnpqrstuvwxyz23456789]/g;
  const LOOK_EVERY = 15000;
  const main = document.getElementById("main");
  const text = document.getElementById("header").textContent;
  const header = JSON.parse(text);

  const make = (name, words, more = {}) => {
    const made = document.createElement(name);
    if (words) made.textContent = words;
    for (const [key, value] of Object.entries(more)) made.setAttribute(key, value);
    return made;
  };
  const put = (parent, ...children) => {
    parent.append(...children.filter(Boolean));
    return parent;
  };
  const bytes = (held) => Uint8Array.from(atob(held), (sign) => sign.charCodeAt(0));
  const said = (moment) =>
    new Date(moment).toLocaleString("en-GB", { weekday: "long", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: header.zone });

  const refusal = (moments) => {
    const now = Date.now();
    if (now < moments.made_at - header.slip) {
      return `This device’s clock says ${said(now)}, which is before this pack was made. Set the clock right, then load this page again.`;
    }
    if (now >= moments.expires_at) return `This pack expired on ${said(moments.expires_at)}. Take a newer one, and delete this file.`;
    return "";
  };

  const shut = (words) => {
    main.replaceChildren(
      put(make("header"), make("h1", "Downtime pack"), make("p", header.place)),
      make("p", words, { class: "bad", role: "alert" }),
    );
  };

  const decrypted = async (phrase) => {
    const encoder = new TextEncoder();
    const signs = encoder.encode(phrase.toLowerCase().replace(SIGNS, ""));
    const base = await crypto.subtle.importKey("raw", signs, "PBKDF2", false, ["deriveKey"]);
    const key = await crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt: bytes(header.salt), iterations: header.rounds },
      base, { name: "AES-GCM", length: 256 }, false, ["decrypt"],
    );
    const bound = { name: "AES-GCM", iv: bytes(header.nonce), additionalData: encoder.encode(LABEL + text) };
    const body = bytes(document.getElementById("body").textContent);
    const padded = new Uint8Array(await crypto.subtle.decrypt(bound, key, body));
    return JSON.parse(new TextDecoder().decode(padded.subarray(0, padded.lastIndexOf(0x80))));
  };

  const drawLines = (client) => {
    const list = make("ul", "", { class: "lines" });
    for (const [severity, title, words] of client.lines) {
      const tone = severity === "critical" ? "critical" : "warning";
      put(list, put(make("li", "", { class: tone }), make("b", title), document.createTextNode(words ? ` ${words}` : "")));
    }
    return client.lines.length ? list : null;
  };

  const drawVisit = (pack, visit, byRoom) => {
    const client = visit.client === null ? null : pack.clients[visit.client];
    const words = [visit.what, byRoom ? visit.with : visit.room, visit.state].filter(Boolean).join(" · ");
    return put(
      make("li"), make("span", visit.when, { class: "when" }),
      put(
        make("div"), put(make("p"), make("b", client ? client.name : visit.nameless)), words && make("p", words, { class: "sub" }),
        client && !byRoom && client.phones.length && make("p", client.phones.join(" · "), { class: "phone" }),
        client && !byRoom && drawLines(client),
      ),
    );
  };

  const drawGroups = (pack, groups, byRoom) =>
    groups.map((group) => {
      const list = make("ul", "", { class: "visits" });
      for (const visit of group.visits) put(list, drawVisit(pack, visit, byRoom));
      return put(make("section", "", { class: "group" }), make("h3", group.name), list);
    });

  const drawDay = (pack, day, at) =>
    put(
      make("section", "", { class: "day", id: `day-${at}` }), make("h2", day.title),
      day.people.length ? null : make("p", "Nothing is booked."), ...drawGroups(pack, day.people, false),
      day.rooms.length ? make("h2", `By room, ${day.title}`) : null, ...drawGroups(pack, day.rooms, true),
    );

  const drawCalls = (calls) => {
    const section = put(make("section", "", { id: "calls" }), make("h2", "Who to call"));
    for (const call of calls.filter((one) => one.people.length)) {
      const list = make("ul", "", { class: "calls" });
      for (const one of call.people) put(list, put(make("li"), make("b", one.name), document.createTextNode(` ${one.phone}`)));
      put(section, make("h3", call.title), list);
    }
    return section;
  };

  const drawForm = (form) => {
    const section = put(make("section", "", { class: "form" }), make("h2", form.title), make("p", form.hint, { class: "sub" }));
    for (const [label, lines] of form.fields) {
      const field = put(make("div", "", { class: "field" }), make("p", label));
      for (let line = 0; line < lines; line += 1) put(field, make("div", "", { class: "rule" }));
      put(section, field);
    }
    return section;
  };

  const draw = (pack) => {
    const print = make("button", "Print", { type: "button" });
    print.addEventListener("click", () => window.print());
    const close = make("button", "Close", { type: "button" });
    close.addEventListener("click", () => window.location.reload());
    const links = make("nav", "", { class: "no-print", "aria-label": "In this pack" });
    pack.days.forEach((day, at) => put(links, make("a", day.title, { href: `#day-${at}` })));
    put(links, make("a", "Who to call", { href: "#calls" }), make("a", "Forms", { href: "#forms" }));
    main.replaceChildren(
      put(
        make("header"), put(make("h1", `Downtime pack, ${header.place}`, { tabindex: "-1" })),
        make("p", `As of ${pack.made}. It closes by itself on ${said(pack.expires_at)}. What was changed since is not in it.`),
        put(make("div", "", { class: "acts no-print" }), print, close),
      ),
      links, ...pack.days.map((day, at) => drawDay(pack, day, at)), drawCalls(pack.calls),
      put(make("div", "", { id: "forms" }), ...pack.forms.map(drawForm)),
    );
    main.querySelector("h1").focus();
  };

  const watch = (moments) => {
    const look = setInterval(() => {
      const words = refusal(moments);
      if (!words) return;
      clearInterval(look);
      shut(words);
    }, LOOK_EVERY);
  };

  const ask = () => {
    const input = make("input", "", { id: "phrase", name: "phrase", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": "hint problem" });
    const button = make("button", "Open", { type: "submit" });
    const problem = make("p", "", { id: "problem", class: "bad", role: "alert" });
    problem.hidden = true;
    const form = put(
      make("form", "", { novalidate: "" }), make("label", "Passphrase", { for: "phrase" }), input,
      make("p", `Number ${header.number}, on paper in the safe. Spaces, dashes and capitals do not matter.`, { id: "hint", class: "sub" }), problem, button,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      button.textContent = "Opening…";
      problem.hidden = true;
      try {
        const pack = await decrypted(input.value);
        const words = refusal(pack);
        if (words) return shut(words);
        draw(pack);
        watch(pack);
      } catch {
        problem.textContent = "This passphrase does not open the pack, or the file is damaged. See that the paper has this number, and type it again.";
        problem.hidden = false;
        button.disabled = false;
        button.textContent = "Open";
        input.setAttribute("aria-invalid", "true");
        input.focus();
      }
      return undefined;
    });
    main.replaceChildren(
      put(make("header"), make("h1", "Downtime pack"), make("p", `${header.place}, made on ${said(header.made_at)}`)), form,
    );
    input.focus();
  };

  const words = refusal(header);
  if (words) shut(words);
  else if (!globalThis.crypto || !crypto.subtle) {
    shut("This browser cannot decrypt a page that lies on disk. Open the file in Chrome, Edge or Firefox on a computer.");
  } else ask();
})();
