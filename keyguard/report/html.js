"use strict";
(() => {
  const tools = document.getElementById("tools");
  const table = document.getElementById("keys");
  if (!tools || !table) return;

  const rows = [...table.tBodies[0].rows];
  const words = document.getElementById("words");
  const least = document.getElementById("least");
  const states = [...tools.querySelectorAll("input[type=checkbox]")];
  const shown = document.getElementById("shown");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const required = states.filter((box) => box.checked).map((box) => box.value);
    let count = 0;
    for (const row of rows) {
      const has = row.dataset.states.split(" ");
      row.hidden = !(
        Number(row.dataset.severity) >= Number(least.value) &&
        required.every((state) => has.includes(state)) &&
        wanted.every((word) => texts.get(row).includes(word))
      );
      count += row.hidden ? 0 : 1;
    }
    shown.value = count === rows.length ? `${count} shown` : `${count} of ${rows.length} shown`;
  };

  const value = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
  const compare = (a, b) => (isNaN(a) || isNaN(b) || a === "" || b === "" ? a.localeCompare(b) : a - b);
  const sort = (head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => compare(value(a, column), value(b, column)) * (down ? -1 : 1));
    table.tBodies[0].append(...rows);
  };

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });
  for (const control of [words, least, ...states]) control.addEventListener("input", filter);
  tools.hidden = false;
  filter();
})();
