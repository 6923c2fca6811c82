// Browsers print no backgrounds, and nobody can read a dark page's light text on white paper: print every page light.
const [paper, dark] = ["print", "(prefers-color-scheme: dark)"].map((query) => matchMedia(query));
paper.addEventListener("change", () => {
  const { dataset } = document.documentElement;
  const chosen = dataset.mode === "auto" ? (dark.matches ? "dark" : "light") : dataset.mode;
  dataset.theme = paper.matches ? "light" : chosen;
});

// What axe-core finds in the theme and in docutils: the search button is named otherwise than it reads, the book's title in
// the side bar is in no landmark, entries of the bibliography have a role that ARIA has given up, the keyboard does not
// reach a wide table to scroll it, and in the list of modules there are lists that no entry holds.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".search-button-field")) {
    button.removeAttribute("aria-label");
  }
  for (const entry of document.querySelectorAll("[role=doc-biblioentry]")) {
    entry.setAttribute("role", "listitem");
  }
  for (const table of document.querySelectorAll(".pst-scrollable-table-container")) {
    table.tabIndex = 0;
  }
  for (const list of document.querySelectorAll(".bd-content ul > ul")) {
    if (!list.previousElementSibling) {
      list.before(document.createElement("li"));
    }
    list.previousElementSibling.append(list);
  }
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "region");
  sidebar?.setAttribute("aria-label", "Book");
});
