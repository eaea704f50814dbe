// @ts-check
// Opens one sealed PIN in the browser. The identity is read here and sent nowhere: its fields have no names and are in no form, and
// what goes to the server is the reason alone. Nothing of it is kept: the file is read anew for each opening.

import { Decrypter, armor } from "./vendor/age.js";

/** Bytes of every sealed plaintext; the ledger writes no other. */
const PLAINTEXT_BYTES = 512;
const VERSION = 1;
/** Bytes of an identity file: some lines. */
const IDENTITY_BYTES_MAX = 64 * 1024;
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY = "age-encryption.org/v1\n";

/**
 * What the server gives once the opening is noted: where the PIN belongs, and its seal in base64.
 * @typedef {{ code: number, attempt: number, tenant: string, user: string, serial: string, sealed: string }} Sealed
 * @typedef {{ pin: Sealed, before: Sealed | null, doubt: string | null, void: string | null }} Opened
 */

/** A sentence for whoever opens. */
class Trouble extends Error {
  /** @param {string} message @param {string} [hint] @param {boolean} [english] */
  constructor(message, hint = "", english = false) {
    super(message);
    this.hint = hint;
    this.english = english;
  }
}

const found = document.querySelector("[data-open-pin]");
if (found instanceof HTMLElement) {
  attend(found);
}

/** @param {HTMLElement} box */
function attend(box) {
  const says = box.dataset;
  const file = field(box, "[data-identity]");
  const passphrase = field(box, "[data-passphrase]");
  const reason = field(box, "[data-reason]");
  const agreed = box.querySelector("[data-void]");
  const button = box.querySelector("[data-open]");
  const told = box.querySelector("[data-told]");
  const shown = box.querySelector("[data-shown]");
  if (!(button instanceof HTMLButtonElement && told instanceof HTMLElement && shown instanceof HTMLElement)) {
    return;
  }
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let clock;

  /** Takes everything secret out of the page. */
  const hide = () => {
    clearInterval(clock);
    shown.hidden = true;
    for (const place of shown.querySelectorAll("[data-secret]")) {
      place.textContent = "";
    }
  };

  /** @param {string} text @param {"" | "good" | "bad"} [tone] @param {string} [hint] @param {boolean} [english] */
  const tell = (text, tone = "", hint = "", english = false) => {
    const line = document.createElement("p");
    line.className = tone === "bad" ? "trouble" : tone === "good" ? "note" : "";
    line.textContent = hint ? `${text} ${hint}` : text;
    if (english) {
      line.lang = "en";
    }
    told.replaceChildren(...(text ? [line] : []));
  };

  button.addEventListener("click", async () => {
    hide();
    button.disabled = true;
    try {
      if (!/[\p{L}\p{N}]/u.test(reason.value)) {
        throw new Trouble(says.noReason ?? "");
      }
      if (agreed instanceof HTMLInputElement && !agreed.checked) {
        throw new Trouble(says.notAgreed ?? "");
      }
      tell(says.busy ?? "");
      await painted();
      // Whoever has no key that could open it leaves no note that they did.
      const keys = await identities(file, passphrase, says);
      const opened = await ask(box, reason.value, agreed !== null);
      const pin = await open(opened.pin, keys, says);
      const before = opened.before ? await open(opened.before, keys, says) : "";
      show(pin, before, opened);
    } catch (trouble) {
      hide();
      if (trouble instanceof Trouble) {
        tell(trouble.message, "bad", trouble.hint, trouble.english);
      } else {
        tell(says.broken ?? "", "bad");
      }
    } finally {
      passphrase.value = "";
      button.disabled = false;
    }
  });

  /** @param {string} pin @param {string} before @param {Opened} opened */
  const show = (pin, before, opened) => {
    put(shown, "[data-pin]", pin);
    put(shown, "[data-before]", before);
    const old = shown.querySelector("[data-old]");
    if (old instanceof HTMLElement) {
      old.hidden = before === "";
    }
    put(shown, "[data-doubt]", [opened.void, opened.doubt].filter(Boolean).join(" "));
    put(shown, "[data-said-copied]", "");
    shown.hidden = false;
    tell("");
    let left = Number(says.shownSeconds ?? 0);
    put(shown, "[data-left]", String(left));
    clock = setInterval(() => {
      left -= 1;
      put(shown, "[data-left]", String(left));
      if (left <= 0) {
        hide();
        tell(says.over ?? "", "good");
        button.focus();
      }
    }, 1000);
    shown.querySelector("button")?.focus();
  };

  shown.querySelector("[data-copy]")?.addEventListener("click", async () => {
    const place = shown.querySelector("[data-pin]");
    try {
      await navigator.clipboard.writeText(place?.textContent ?? "");
      put(shown, "[data-said-copied]", says.copied ?? "");
    } catch {
      put(shown, "[data-said-copied]", says.notCopied ?? "");
    }
  });
  shown.querySelector("[data-hide]")?.addEventListener("click", () => {
    hide();
    tell(says.over ?? "", "good");
    button.focus();
  });
  // A page that is kept for the back button keeps no PIN.
  window.addEventListener("pagehide", hide);
}

/** @param {Element} box @param {string} which @returns {HTMLInputElement} */
function field(box, which) {
  const place = box.querySelector(which);
  return place instanceof HTMLInputElement ? place : document.createElement("input");
}

/** @param {Element} box @param {string} which @param {string} text */
function put(box, which, text) {
  const place = box.querySelector(which);
  if (place) {
    place.textContent = text;
  }
}

/** Lets the page show what it says before something slow begins. */
function painted() {
  return new Promise((done) => setTimeout(done, 50));
}

/**
 * The private keys out of the file that was chosen; out of an encrypted one with its passphrase.
 * @param {HTMLInputElement} chosen @param {HTMLInputElement} passphrase @param {DOMStringMap} says @returns {Promise<string[]>}
 */
async function identities(chosen, passphrase, says) {
  const file = chosen.files?.[0];
  if (!file) {
    throw new Trouble(says.noIdentity ?? "");
  }
  if (file.size > IDENTITY_BYTES_MAX) {
    throw new Trouble(says.notIdentity ?? "");
  }
  let bytes = await read(file, says);
  const begins = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  if (begins.startsWith(ARMOR) || begins.startsWith(BINARY)) {
    bytes = await unlock(bytes, begins.startsWith(ARMOR), passphrase.value, says);
  }
  const text = new TextDecoder().decode(bytes);
  bytes.fill(0);
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const native = keys.filter((line) => line.startsWith("AGE-SECRET-KEY-1"));
  if (native.length === 0 && keys.some((line) => line.startsWith("AGE-PLUGIN-") || line.startsWith("AGE-SECRET-KEY-"))) {
    throw new Trouble(says.otherIdentity ?? "");
  }
  try {
    native.forEach((key) => new Decrypter().addIdentity(key));
  } catch {
    throw new Trouble(says.notIdentity ?? "");
  }
  if (native.length === 0) {
    throw new Trouble(says.notIdentity ?? "");
  }
  return native;
}

/** @param {File} file @param {DOMStringMap} says @returns {Promise<Uint8Array>} */
function read(file, says) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => {
      if (reader.result instanceof ArrayBuffer) {
        done(new Uint8Array(reader.result));
      }
    };
    reader.onerror = () => failed(new Trouble(says.notIdentity ?? ""));
    reader.readAsArrayBuffer(file);
  });
}

/**
 * An identity file that is an age file itself, locked with a passphrase.
 * @param {Uint8Array} bytes @param {boolean} armored @param {string} passphrase @param {DOMStringMap} says
 * @returns {Promise<Uint8Array>}
 */
async function unlock(bytes, armored, passphrase, says) {
  if (passphrase === "") {
    throw new Trouble(says.noPassphrase ?? "");
  }
  try {
    const dearmor = /** @type {{ decode(text: string): Uint8Array }} */ (armor);
    const locked = armored ? dearmor.decode(new TextDecoder().decode(bytes).trim()) : bytes;
    const decrypter = new Decrypter();
    decrypter.addPassphrase(passphrase);
    return await decrypter.decrypt(locked);
  } catch {
    throw new Trouble(says.wrongPassphrase ?? "");
  }
}

/**
 * Has the opening noted, and gets the seal.
 * @param {HTMLElement} box @param {string} reason @param {boolean} isVoid @returns {Promise<Opened>}
 */
async function ask(box, reason, isVoid) {
  const says = box.dataset;
  const body = new URLSearchParams({ reason, void: isVoid ? "yes" : "" });
  const headers = { "x-keyline-csrf": says.csrf ?? "", accept: "application/json" };
  let answer;
  try {
    answer = await fetch(says.openPin ?? "", { method: "POST", credentials: "same-origin", headers, body });
  } catch {
    throw new Trouble(says.unreached ?? "");
  }
  if (answer.status === 401 || answer.status === 423) {
    // The session ended, or the screen is locked: the page itself knows the way.
    location.reload();
  }
  let told;
  try {
    told = await answer.json();
  } catch {
    throw new Trouble(says.unreached ?? "");
  }
  if (!answer.ok) {
    throw new Trouble(String(told.message), String(told.hint), true);
  }
  return told;
}

/**
 * Opens a seal, and compares what is inside with what was asked for: a row that was moved to another job or person does not open.
 * @param {Sealed} sealed @param {string[]} keys @param {DOMStringMap} says @returns {Promise<string>}
 */
async function open(sealed, keys, says) {
  const decrypter = new Decrypter();
  keys.forEach((key) => decrypter.addIdentity(key));
  const seal = Uint8Array.from(atob(sealed.sealed), (letter) => letter.charCodeAt(0));
  let plain;
  try {
    plain = await decrypter.decrypt(seal);
  } catch (error) {
    const other = error instanceof Error && error.message.includes("no identity matched");
    throw new Trouble((other ? says.otherKey : says.damaged) ?? "");
  }
  try {
    return inside(plain, sealed, says);
  } finally {
    plain.fill(0);
  }
}

/**
 * The PIN out of what was sealed: version, kind, job, attempt, then tenant, user, serial and PIN each behind its length of two
 * bytes, then zeros.
 * @param {Uint8Array} plain @param {Sealed} sealed @param {DOMStringMap} says @returns {string}
 */
function inside(plain, sealed, says) {
  if (plain.length !== PLAINTEXT_BYTES || plain[0] !== VERSION) {
    throw new Trouble(says.damaged ?? "");
  }
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  let at = 14;
  const take = () => {
    const length = at + 2 <= plain.length ? view.getUint16(at) : plain.length;
    at += 2;
    if (at + length > plain.length) {
      throw new Trouble(says.damaged ?? "");
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(plain.subarray(at, at + length));
    at += length;
    return text;
  };
  const [tenant, user, serial] = [take(), take(), take()];
  const belongs =
    plain[1] === sealed.code &&
    view.getBigInt64(2) === BigInt(says.job ?? "0") &&
    view.getUint32(10) === sealed.attempt &&
    tenant === sealed.tenant &&
    user === sealed.user &&
    // What the page says, whatever came with the seal.
    user === says.user &&
    serial === sealed.serial;
  if (!belongs) {
    throw new Trouble(says.moved ?? "");
  }
  const pin = take();
  if (pin === "") {
    throw new Trouble(says.damaged ?? "");
  }
  return pin;
}

export {};
