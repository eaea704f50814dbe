// @ts-check
// What takes seconds on an administrator's page is looked at again until it is over: its section alone, not the page.

/** Milliseconds between two looks. */
const PAUSE = 700;
/** After so many looks that failed the page says nothing new, and stays as it is. */
const FAILURES_MAX = 5;

let failures = 0;

/** The section that waits for something, if one does. @returns {HTMLElement | null} */
function waiting() {
  return document.querySelector("section[data-under-way]");
}

/** Fetches this page anew and puts its section in the place of the one that waits. */
async function look() {
  const old = waiting();
  if (!old || !old.id) {
    return;
  }
  try {
    const response = await fetch(location.pathname + location.search, { headers: { accept: "text/html" }, redirect: "error" });
    if (!response.ok) {
      throw new Error(String(response.status));
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById(old.id);
    if (fresh) {
      old.replaceWith(document.adoptNode(fresh));
    }
    failures = 0;
  } catch {
    failures += 1;
  }
  if (waiting() && failures < FAILURES_MAX) {
    setTimeout(look, PAUSE);
  }
}

if (waiting()) {
  setTimeout(look, PAUSE);
}

export {};
