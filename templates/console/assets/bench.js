// @ts-check
// The bench in a window: takes the parts that changed from the stream of events, counts seconds down, speaks and sounds, and hands
// what is pressed, scanned or typed to the station. It decides nothing and keeps nothing: a new connection brings all parts again.

/** A window that has heard nothing for so long, in milliseconds, has lost its station: with the next look it says so within two
 * seconds. A beat comes each second. */
const SILENCE_MS = 1700;
/** How often seconds are counted and silence is looked for. */
const LOOK_MS = 200;
/** How long an answer stays on the screen. */
const ANSWER_MS = 6000;
/** More cards than these are scrolled. */
const CARDS_AT_ONCE = 8;
/** Keys that come faster than this after each other are typed by a scanner. */
const SCANNER_MS = 60;
/** No hand types so fast from key to key, and that often in a row; scanners and touched keys do. */
const DEVICE_MS = 35;
const DEVICE_GAPS_MIN = 4;
/** What has just come under the pointer takes no press for so long: it was meant for what stood there before. */
const INERT_MS = 600;

const bench = /** @type {HTMLElement} */ (document.getElementById("bench"));
const texts = bench.dataset;
const scan = /** @type {HTMLInputElement | null} */ (document.getElementById("scan"));

/** How far the station's clock is ahead of this computer's. */
let ahead = 0;
/** When the station was last heard. */
let heard = performance.now();
/** @type {EventSource | undefined} */
let source;
let tries = performance.now();
let isFirst = true;

/** The windows of this browser that show a bench. A browser has six connections to one server at most, and each window holds one:
 * whatever is hidden lets go of its own as soon as another window needs one, and comes back when it is looked at. */
const windows = new BroadcastChannel("keyline-bench");
let isAway = false;
windows.addEventListener("message", () => {
  if (document.hidden) {
    isAway = true;
    source?.close();
  }
});
document.addEventListener("visibilitychange", () => {
  if (isAway && !document.hidden) {
    connect();
  }
});

connect();
window.setInterval(look, LOOK_MS);
window.addEventListener("online", connect);
window.addEventListener("pagehide", () => source?.close());

function connect() {
  source?.close();
  tries = performance.now();
  isAway = false;
  windows.postMessage("opens");
  const opened = new EventSource(texts.events ?? "");
  source = opened;
  opened.addEventListener("parts", (event) => {
    const told = JSON.parse(event.data);
    hear(told.now);
    show(told.parts);
  });
  opened.addEventListener("beat", (event) => hear(JSON.parse(event.data).now));
  opened.addEventListener("over", () => window.location.reload());
  opened.addEventListener("error", () => lose(opened));
}

/** @param {number} now */
function hear(now) {
  ahead = now - Date.now();
  heard = performance.now();
  setLost(false);
}

/** @param {EventSource} lost */
function lose(lost) {
  if (lost !== source) {
    return;
  }
  setLost(true);
  if (lost.readyState === EventSource.CLOSED) {
    askWhy();
  }
}

/** A station that answers but sends nothing wants somebody to sign in: the page leads there. */
async function askWhy() {
  try {
    const answer = await fetch(window.location.href, { method: "HEAD", redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 423) {
      window.location.reload();
    }
  } catch {
    // Nobody answers yet: the next look tries again.
  }
}

/** @param {boolean} isLost */
function setLost(isLost) {
  const sign = document.getElementById("lost");
  if (sign && sign.hidden === isLost) {
    sign.hidden = !isLost;
    document.body.classList.toggle("is-lost", isLost);
  }
}

function look() {
  const now = performance.now();
  if (isAway) {
    heard = now;
    return;
  }
  if (now - heard > SILENCE_MS) {
    setLost(true);
    const closed = !source || source.readyState === EventSource.CLOSED;
    if (now - tries > SILENCE_MS || (closed && now - tries > SILENCE_MS / 4)) {
      connect();
    }
  }
  count();
  ripen();
}

/** Seconds that are left, and seconds that have passed. */
function count() {
  const now = Date.now() + ahead;
  for (const left of document.querySelectorAll("[data-until]")) {
    if (!(left instanceof HTMLElement)) {
      continue;
    }
    const rest = Math.max(0, Number(left.dataset.until) - now);
    const bar = left.querySelector("progress");
    if (bar) {
      bar.value = rest;
    }
    write(left.querySelector(".left-text"), seconds(Math.ceil(rest / 1000)));
  }
  for (const since of document.querySelectorAll("[data-since]")) {
    if (since instanceof HTMLElement) {
      write(since, seconds(Math.max(0, Math.floor((now - Number(since.dataset.since)) / 1000))));
    }
  }
  for (const clock of document.querySelectorAll("[data-clock]")) {
    if (clock instanceof HTMLElement) {
      const at = new Date(Number(clock.dataset.clock) - ahead);
      write(clock, at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    }
  }
}

/** @param {number} number */
function seconds(number) {
  return (texts.seconds ?? "{count}").replace("{count}", String(number));
}

/** @param {Element | null} element @param {string} text */
function write(element, text) {
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

// --- The parts ------------------------------------------------------------------------------------------------------

/** Shows the parts that came. @param {Record<string, string>} parts */
function show(parts) {
  for (const [id, text] of Object.entries(parts)) {
    const frame = document.createElement("template");
    frame.innerHTML = text;
    const fresh = frame.content.firstElementChild;
    if (!(fresh instanceof HTMLElement)) {
      continue;
    }
    const old = document.getElementById(id);
    const before = old?.dataset.announce;
    if (old) {
      morph(old, fresh);
    } else if (id.startsWith("slot-")) {
      place(fresh);
    }
    if (!isFirst && id.startsWith("slot-") && fresh.dataset.announce !== before) {
      announce(fresh);
    }
  }
  isFirst = false;
  arrange();
  count();
  rest();
  // Nobody who looks at the card would see that the cursor stands in another field.
  if (asksPin() && document.activeElement === scan && scan?.value === "") {
    scan.blur();
  }
}

/** Shows parts that are on this page anew. @param {Record<string, string>} parts */
function refresh(parts) {
  const here = Object.entries(parts).filter(([id]) => document.getElementById(id));
  if (here.length > 0) {
    show(Object.fromEntries(here));
  }
}

/** A slot that was never used before: its card stands where its number belongs. @param {HTMLElement} card */
function place(card) {
  const cards = document.getElementById("cards");
  const number = Number(card.id.slice("slot-".length));
  const others = [...(cards?.querySelectorAll(".card") ?? [])];
  const next = others.find((other) => Number(other.id.slice("slot-".length)) > number);
  cards?.querySelector(".no-slots")?.remove();
  cards?.insertBefore(card, next ?? null);
}

/** When each form came to stand where it stands. @type {WeakMap<Element, number>} */
const born = new WeakMap();

/** Notes which forms are new. */
function rest() {
  for (const form of document.querySelectorAll("form[data-act]")) {
    if (!born.has(form)) {
      lie(form);
    }
  }
}

/** A form that has just come takes no press, and shows it. @param {Element} form */
function lie(form) {
  born.set(form, performance.now());
  if (form.id !== "scan-form") {
    form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", "true"));
    window.setTimeout(ripen, INERT_MS);
  }
}

/** Buttons that could be read by now may be pressed. */
function ripen() {
  for (const button of document.querySelectorAll("form[data-act] [aria-disabled]")) {
    const form = button.closest("form");
    if (form && isRipe(form)) {
      button.removeAttribute("aria-disabled");
    }
  }
}

/** Whether whoever pressed this could have read it. @param {Element} form */
function isRipe(form) {
  return performance.now() - (born.get(form) ?? 0) >= INERT_MS;
}

// What is folded out has just come as well. The press that folds it out counts, and not the browser's word that it is open, which
// comes later: on a busy computer after the second press of a double click.
document.addEventListener("click", (event) => {
  const summary = event.target instanceof Element ? event.target.closest(".sure > summary") : null;
  summary?.parentElement?.querySelectorAll("form[data-act]").forEach(lie);
}, true);

function arrange() {
  const cards = document.getElementById("cards");
  const number = cards?.querySelectorAll(".card").length ?? 0;
  cards?.setAttribute("data-count", String(number));
  cards?.classList.toggle("many", number > CARDS_AT_ONCE);
}
arrange();

/**
 * Makes `old` what `fresh` is and leaves alone what is the same: what somebody types, opened or reached with the keyboard stays.
 * @param {Element} old @param {Element} fresh
 */
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) {
    return;
  }
  for (const { name } of [...old.attributes]) {
    // A menu that is open stays open, and what has just come is still new.
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "aria-disabled") {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of [...fresh.attributes]) {
    // What is counted down here stands where it stands.
    const counted = name === "value" && old instanceof HTMLProgressElement && old.parentElement?.matches(".left");
    if (old.getAttribute(name) !== value && !counted) {
      old.setAttribute(name, value);
    }
  }
  const olds = [...old.childNodes];
  const freshes = [...fresh.childNodes];
  // A part that a script fills is empty where it comes from.
  if (freshes.length === 0 && old.matches(".left-text, [data-since], [data-clock]")) {
    return;
  }
  freshes.forEach((child, index) => {
    const here = olds[index];
    if (!here) {
      old.appendChild(child);
    } else if (isSame(here, child)) {
      if (here instanceof Element && child instanceof Element) {
        morph(here, child);
      } else if (here.nodeValue !== child.nodeValue) {
        here.nodeValue = child.nodeValue;
      }
    } else {
      old.replaceChild(child, here);
    }
  });
  olds.slice(freshes.length).forEach((left) => left.remove());
}

/** What a form, or what folds one out, is for: where it leads, for which slot, job or question. @param {Element} one */
function purpose(one) {
  const form = one.matches("form") ? one : one.querySelector("form");
  const hidden = [...(form?.querySelectorAll("[type=hidden]") ?? [])];
  const fields = hidden.map((field) => `${field.getAttribute("name")}=${field.getAttribute("value")}`);
  return [form?.getAttribute("action") ?? "", ...fields].join(" ");
}

/** Whether one may become the other. A form for one thing never becomes a form for another. @param {Node} a @param {Node} b */
function isSame(a, b) {
  if (a.nodeName !== b.nodeName) {
    return false;
  }
  if (!(a instanceof HTMLElement && b instanceof HTMLElement)) {
    return true;
  }
  const isForm = a.nodeName === "FORM";
  const about = isForm || a.matches("details.sure") ? purpose(a) === purpose(b) : true;
  return a.id === b.id && about && (isForm || a.classList[0] === b.classList[0]);
}

// --- What is heard --------------------------------------------------------------------------------------------------

const soundSwitch = document.getElementById("sounds");
let sounds = localStorage.getItem("keyline-sounds") ?? String(soundSwitch?.getAttribute("aria-pressed"));
soundSwitch?.setAttribute("aria-pressed", sounds);
soundSwitch?.addEventListener("click", () => {
  sounds = sounds === "true" ? "false" : "true";
  localStorage.setItem("keyline-sounds", sounds);
  soundSwitch.setAttribute("aria-pressed", sounds);
  play("touch");
});

/** Each sound as tones: pitch in hertz, start and length in seconds. @type {Record<string, [number, number, number][]>} */
const TONES = {
  touch: [[880, 0, 0.12], [1175, 0.16, 0.18]],
  ask: [[660, 0, 0.14], [660, 0.22, 0.14]],
  done: [[523, 0, 0.12], [659, 0.12, 0.12], [784, 0.24, 0.28]],
  stop: [[220, 0, 0.3], [165, 0.34, 0.45]],
};
const LOUDNESS = 0.18;
/** @type {AudioContext | undefined} */
let audio;

/** @param {string | undefined} sound */
function play(sound) {
  const tones = TONES[sound ?? ""];
  if (!tones || sounds !== "true") {
    return;
  }
  audio ??= new AudioContext();
  // A browser lets nothing sound before somebody has pressed something; what was missed is not played later.
  if (audio.state === "suspended") {
    void audio.resume();
    return;
  }
  for (const [pitch, start, length] of tones) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const from = audio.currentTime + start;
    tone.frequency.value = pitch;
    tone.type = sound === "stop" ? "square" : "sine";
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.015);
    volume.gain.linearRampToValueAtTime(0, from + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + length);
  }
}

/** Says what a card says now: at once where hands are needed, else in its turn. @param {HTMLElement} card */
function announce(card) {
  const sound = card.dataset.sound ?? "";
  const region = document.getElementById(sound === "" ? "say" : "call");
  if (region) {
    region.textContent = card.dataset.announce ?? "";
  }
  play(sound);
}

// --- What is done ---------------------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.matches("[data-act]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    // A code is scanned as fast as it comes: the field was there before.
    if (form.id !== "scan-form" && !isRipe(form)) {
      return;
    }
    const pin = form.querySelector("input[name=pin]");
    const isUnknown = event.submitter instanceof HTMLButtonElement && event.submitter.name === "unknown";
    if (pin instanceof HTMLInputElement && !isUnknown && !isByHand(pin)) {
      pin.value = "";
      strokes.delete(pin);
      tell(texts.notTyped ?? "", false);
      return;
    }
    void send(form, event.submitter);
  }
}, true);

/** When the characters of a PIN were typed. @type {WeakMap<HTMLInputElement, number[]>} */
const strokes = new WeakMap();

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement && field.name === "pin" && event instanceof InputEvent)) {
    return;
  }
  const times = field.value === "" ? [] : (strokes.get(field) ?? []);
  if (event.inputType === "insertText") {
    times.push(event.timeStamp);
  }
  strokes.set(field, times);
});

/**
 * Whether a hand put this PIN there: not the browser, which may know another one, and nothing that types faster than hands do.
 * @param {HTMLInputElement} field
 */
function isByHand(field) {
  const times = strokes.get(field) ?? [];
  let inARow = 0;
  for (const [index, time] of times.slice(1).entries()) {
    inARow = time - (times[index] ?? 0) < DEVICE_MS ? inARow + 1 : 0;
    if (inARow >= DEVICE_GAPS_MIN) {
      return false;
    }
  }
  return !field.matches(":autofill");
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function send(form, submitter) {
  const fields = new FormData(form);
  if (submitter instanceof HTMLButtonElement && submitter.name) {
    fields.set(submitter.name, submitter.value);
  }
  /** @type {[string, string][]} */
  const pairs = [...fields].map(([name, value]) => [name, String(value)]);
  const body = new URLSearchParams(pairs);
  // Nothing that was typed stays on the screen: a PIN, a number.
  for (const input of form.querySelectorAll("input:not([type=hidden])")) {
    if (input instanceof HTMLInputElement) {
      input.value = "";
    }
  }
  for (const button of form.querySelectorAll("button")) {
    button.disabled = true;
  }
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { "x-keyline-csrf": texts.csrf ?? "", accept: "application/json" },
    });
    const kind = answer.headers.get("content-type") ?? "";
    if (kind.startsWith("application/json")) {
      const told = await answer.json();
      tell(told.message, told.ok, told.lang);
      // What was refused is shown as it is by now.
      refresh(told.parts ?? {});
    } else if (answer.status === 401 || answer.status === 423) {
      window.location.reload();
    } else {
      tell(texts.failed ?? "", false);
    }
  } catch {
    tell(texts.failed ?? "", false);
  } finally {
    for (const button of form.querySelectorAll("button")) {
      button.disabled = false;
    }
    // The second press of a double click.
    lie(form);
    form.closest("details.sure")?.removeAttribute("open");
    form.closest("details:not(.sure)")?.removeAttribute("open");
    if (form.id === "scan-form") {
      focusScan();
    }
  }
}

let answers = 0;

/** @param {string} message @param {boolean} ok @param {string} [lang] */
function tell(message, ok, lang) {
  const place = document.getElementById("answer");
  if (!place || message === "") {
    return;
  }
  place.textContent = message;
  place.classList.toggle("bad-news", !ok);
  place.lang = lang ?? document.documentElement.lang;
  place.hidden = false;
  if (!ok) {
    play("stop");
  }
  const mine = ++answers;
  window.setTimeout(() => {
    if (mine === answers) {
      place.hidden = true;
    }
  }, ANSWER_MS);
}

// --- The keyboard, and the scanner, which is one ----------------------------------------------------------------------

function focusScan() {
  if (!asksPin()) {
    scan?.focus();
  }
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-focus=scan]")) {
    scan?.focus();
  }
});

/** While a card asks for a PIN, what is typed beside its field may be one: it goes nowhere, and stands nowhere to be read. */
function asksPin() {
  return document.querySelector(".card.asks-pin") !== null;
}

/** A key that was pressed outside any field and may be the first one of a scanner. @type {KeyboardEvent | undefined} */
let held;

document.addEventListener("keydown", (event) => {
  if (event.altKey && /^Digit[1-9]$/.test(event.code)) {
    document.getElementById(`slot-${event.code.slice(-1)}`)?.focus();
    event.preventDefault();
    return;
  }
  if (event.key === "Escape") {
    document.querySelector(".more[open], .letters .sure[open]")?.removeAttribute("open");
    return;
  }
  const printable = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
  const types = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (!printable || types || event.repeat || !event.isTrusted || asksPin()) {
    return;
  }
  if (held) {
    // A second key so soon: both are the scanner's.
    event.preventDefault();
    event.stopImmediatePropagation();
    const first = held.key;
    held = undefined;
    if (scan) {
      scan.value = first + event.key;
    }
    focusScan();
    return;
  }
  // The first key waits a moment: alone it is somebody's, such as the one that locks the screen.
  event.preventDefault();
  event.stopImmediatePropagation();
  held = event;
  const target = event.target;
  window.setTimeout(() => {
    if (held !== event) {
      return;
    }
    held = undefined;
    const again = new KeyboardEvent("keydown", { key: event.key, code: event.code, bubbles: true, cancelable: true });
    if ((target ?? document).dispatchEvent(again) && event.key.toLowerCase() !== "l" && scan) {
      scan.value += event.key;
      focusScan();
    }
  }, SCANNER_MS);
}, true);

focusScan();

export {};
