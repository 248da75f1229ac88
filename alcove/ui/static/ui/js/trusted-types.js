// The one gate through which text may become HTML. Runs first, as a classic script, before anything could make
// another policy (the CSP allows only this name, and no duplicates).
//
// htmx turns answers into HTML through one sink; everything else in Alcove uses textContent and replaceChildren.
// So this lets through that sink alone, and only text without scripts. No script or script address ever passes.
(function () {
  "use strict";
  if (!window.trustedTypes || !window.trustedTypes.createPolicy) return;

  const sinks = new Set(["Document parseHTMLUnsafe", "DOMParser parseFromString"]);
  // "only = 3" and "onset=" stand in people's texts, so handlers are known by how their names begin. The content
  // security policy stops what slips through: no inline handler runs under it.
  const events =
    "abort|after|anim|aux|before|blur|can|change|click|close|command|cont|copy|cue|cut|dbl|drag|drop|duration|" +
    "emptied|ended|error|focus|form|fullscreen|got|hash|input|invalid|key|language|load|lost|message|mouse|offline|" +
    "online|page|paste|pause|play|pointer|popstate|progress|rate|ready|rejection|reset|resize|scroll|search|security|" +
    "seek|select|slot|stalled|storage|submit|suspend|time|toggle|touch|transition|unhandled|unload|volume|wait|webkit|wheel";
  const forbidden = [
    /<\s*script/i,
    /<\s*(?:iframe|object|embed|base|meta|link|style)[\s/>]/i,
    new RegExp(`<[^>]*[\\s/"']on(?:${events})[a-z]*\\s*=`, "i"),
    /=\s*["']?\s*(?:javascript|vbscript)\s*:/i,
    /\ssrcdoc\s*=/i,
  ];
  // htmx makes this empty element when a page uses hx-preserve.
  const pantry = "<div id='--htmx-preserve-pantry--'></div>";

  window.trustedTypes.createPolicy("default", {
    createHTML(text, _type, sink) {
      if (sink === "Element insertAdjacentHTML" && text === pantry) return text;
      if (!sinks.has(sink)) return null;
      return forbidden.some((pattern) => pattern.test(text)) ? null : text;
    },
    createScript: () => null,
    createScriptURL: () => null,
  });
})();
