// @ts-check
// What every page does: one key locks the screen, the menu closes by itself, a form is sent once.

/** Whether somebody types here, so that a letter is a letter. @param {EventTarget | null} target */
function types(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat;
  if (plain && event.key.toLowerCase() === "l" && !types(event.target)) {
    const form = document.querySelector("form[data-lock]");
    if (form instanceof HTMLFormElement) {
      event.preventDefault();
      form.requestSubmit();
    }
  }
  if (event.key === "Escape") {
    closeMenus(null);
  }
});

document.addEventListener("click", (event) => closeMenus(event.target));

/** Closes every open menu that does not hold the target. @param {EventTarget | null} target */
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!(target instanceof Node && menu.contains(target))) {
      menu.removeAttribute("open");
    }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
  }
  form.dataset.sent = "yes";
});

// Whoever comes back with the back button finds forms that can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    form.removeAttribute("data-sent");
  }
});

export {};
