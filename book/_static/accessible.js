// Browsers print no backgrounds, and nobody can read a dark page's light text on white paper: print every page light.
const [paper, dark] = ["print", "(prefers-color-scheme: dark)"].map((query) => matchMedia(query));
paper.addEventListener("change", () => {
  const { dataset } = document.documentElement;
  const chosen = dataset.mode === "auto" ? (dark.matches ? "dark" : "light") : dataset.mode;
  dataset.theme = paper.matches ? "light" : chosen;
});

// Repair what axe-core finds in the theme and in docutils: the labels of the search button and of folded code differ from
// their visible texts, the book's title in the side bar is in no landmark, entries of the bibliography have a deprecated
// role, the keyboard cannot scroll a wide table, and the list of modules has lists outside any entry.
document.addEventListener("DOMContentLoaded", () => {
  for (const named of document.querySelectorAll(".search-button-field, details.hide > summary")) {
    named.removeAttribute("aria-label");
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
