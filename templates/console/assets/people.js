// @ts-check
// Parts of a page that come later, more of a list, a file that is dropped. Everything is a link or a form without this as well,
// but for the file.

/** Fetches a part of a page. @param {string} address @param {RequestInit} [how] @returns {Promise<string | null>} */
async function part(address, how) {
  try {
    const answer = await fetch(address, { credentials: "same-origin", ...how });
    if (answer.status === 401 || answer.status === 423) {
      // The session ended, or the screen is locked: the page itself knows the way.
      location.reload();
      return null;
    }
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** Puts a part into its place. @param {Element} place @param {string | null} text @param {string} failed */
function show(place, text, failed) {
  if (text === null) {
    const said = document.createElement("p");
    said.className = "trouble";
    said.setAttribute("role", "alert");
    said.textContent = failed;
    place.replaceChildren(said);
    return;
  }
  const read = new DOMParser().parseFromString(text, "text/html");
  place.replaceChildren(...read.body.childNodes);
}

/** Loads what an element names, once. @param {HTMLElement} element */
async function load(element) {
  const address = element.dataset.fragment;
  if (!address) {
    return;
  }
  delete element.dataset.fragment;
  const place = element.querySelector("[data-part]") ?? element;
  show(place, await part(address), element.dataset.failed ?? "");
}

/** One after another: Entra is asked for one list at a time. */
async function loadAll() {
  for (const element of document.querySelectorAll("[data-fragment]")) {
    if (element instanceof HTMLDetailsElement && !element.open) {
      continue;
    }
    if (element instanceof HTMLElement) {
      await load(element);
    }
  }
}

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target instanceof HTMLDetailsElement && event.target.open) {
      void load(event.target);
    }
  },
  true,
);

document.addEventListener("click", async (event) => {
  if (!(event.target instanceof Element)) {
    return;
  }
  const all = event.target.closest("[data-all]");
  if (all instanceof HTMLElement) {
    for (const box of document.querySelectorAll(`input[type="checkbox"][name="${all.dataset.all}"]`)) {
      if (box instanceof HTMLInputElement) {
        box.checked = true;
      }
    }
    return;
  }
  const link = event.target.closest("[data-more] a");
  if (link instanceof HTMLAnchorElement) {
    event.preventDefault();
    const place = link.closest("[data-more]");
    const text = await part(link.href);
    if (place && text !== null) {
      const read = new DOMParser().parseFromString(text, "text/html");
      place.replaceWith(...read.body.childNodes);
    }
  }
});

/** Hands a file over. @param {HTMLElement} zone @param {File} file */
async function send(zone, file) {
  const answer = zone.querySelector("[data-answer]");
  const token = zone.querySelector("input[name=csrf]");
  if (!(answer instanceof HTMLElement) || !(token instanceof HTMLInputElement)) {
    return;
  }
  answer.textContent = answer.dataset.busy ?? "";
  const address = `${zone.dataset.drop}?name=${encodeURIComponent(file.name)}`;
  const headers = { "content-type": "application/octet-stream", "x-keyline-csrf": token.value };
  show(answer, await part(address, { method: "POST", headers, body: file }), answer.dataset.failed ?? "");
}

for (const zone of document.querySelectorAll("[data-drop]")) {
  if (!(zone instanceof HTMLElement)) {
    continue;
  }
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) {
      void send(zone, file);
    }
  });
  const input = zone.querySelector("input[type=file]");
  if (input instanceof HTMLInputElement) {
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) {
        void send(zone, file);
      }
      input.value = "";
    });
  }
}

void loadAll();

export {};
