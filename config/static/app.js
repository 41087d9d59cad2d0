// Small helps; every page works without them.
"use strict";
document.documentElement.classList.remove("nojs");
document.addEventListener("click", function (event) {
  var toggle = event.target.closest("[data-menu]");
  if (toggle) {
    var menu = document.getElementById(toggle.getAttribute("data-menu"));
    var open = menu.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
  }
  var printer = event.target.closest("[data-print]");
  if (printer) window.print();
  var copier = event.target.closest("[data-copy]");
  if (copier) {
    var source = document.getElementById(copier.getAttribute("data-copy"));
    var done = function () { copier.textContent = copier.getAttribute("data-done"); };
    var by_hand = function () { source.select(); if (document.execCommand("copy")) done(); };
    // Only pages that came by https may write to the clipboard; elsewhere the old way still works.
    if (navigator.clipboard) navigator.clipboard.writeText(source.value).then(done, by_hand);
    else by_hand();
  }
  var adder = event.target.closest("[data-add-row]");
  if (adder) {
    // One more row of a table of inputs: the last row's names count on.
    var body = document.getElementById(adder.getAttribute("data-add-row"));
    var last = body.rows[body.rows.length - 1];
    var row = last.cloneNode(true);
    row.querySelectorAll("input,select").forEach(function (input) {
      input.value = "";
      input.name = input.name.replace(/\d+$/, function (n) { return String(Number(n) + 1); });
      if (input.id) input.id = input.name;
    });
    body.appendChild(row);
    row.querySelector("input").focus();
  }
});
// One box for all rows of a form; it shows what the rows say.
document.addEventListener("change", function (event) {
  var form = event.target.form;
  var all = form && form.querySelector("[data-check-all]");
  if (!all) return;
  var boxes = Array.from(form.querySelectorAll("input[name=" + all.dataset.checkAll + "]"));
  boxes.forEach(function (box) {
    // A task may stand in two rows: it is one task, chosen or not.
    if (event.target === all) box.checked = all.checked;
    else if (event.target.name === box.name && event.target.value === box.value) box.checked = event.target.checked;
  });
  var some = boxes.filter(function (box) { return box.checked; }).length;
  all.checked = some === boxes.length;
  all.indeterminate = some > 0 && some < boxes.length;
});
// A second click on a sending button sends nothing twice.
document.addEventListener("submit", function (event) {
  var form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  window.setTimeout(function () { delete form.dataset.sent; }, 4000);
});
