// A line that drops is said on the page, quietly, and so that nobody loses the page they are at: while the server
// cannot be reached, links and forms are tried first and only followed when it answers. The line is asked for
// until it is back; then the notice goes by itself. Nothing is kept here (what is typed is: typed.js).
"use strict";
(function () {
  var EVERY = 5000; // ms between two looks while the line is down
  var PATIENCE = 10000; // ms for an answer
  var QUIET = 60000; // ms without a word of the server after which a form is not sent blindly
  var place = document.getElementById("line");
  var heard = Date.now();
  var timer = 0;
  var passing = null; // the form that has been let through
  function isDown() { return document.documentElement.classList.contains("offline"); }

  // true: the server answers; false: it cannot be reached; null: nobody knows, it takes so long.
  function look() {
    var waiting;
    var answer = fetch(place.dataset.probe, { method: "HEAD", cache: "no-store" }).then(
      function () { return true; },
      function () { return false; }
    );
    var tired = new Promise(function (done) { waiting = setTimeout(done, PATIENCE, null); });
    return Promise.race([answer, tired]).then(function (found) {
      clearTimeout(waiting);
      if (found) up();
      else if (found === false || isDown()) down();
      return found;
    });
  }
  function down() {
    // Put there anew each time: who listens to the page hears it when a link could not be followed.
    place.textContent = "";
    place.append(document.getElementById("line-down").content.cloneNode(true));
    document.documentElement.classList.add("offline");
    clearTimeout(timer);
    timer = setTimeout(look, EVERY);
  }
  function up() {
    heard = Date.now();
    clearTimeout(timer);
    document.documentElement.classList.remove("offline");
    place.textContent = "";
    document.querySelectorAll(".typed.offline").forEach(function (note) { note.remove(); });
  }

  window.addEventListener("offline", look);
  window.addEventListener("online", look);
  if (!navigator.onLine) look();

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[href]");
    if (!link || !(isDown() || !navigator.onLine) || event.defaultPrevented) return;
    if (link.target || link.getAttribute("href").startsWith("#") || event.button) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    look().then(function (found) { if (found) location.assign(link.href); });
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented) return;
    if (passing === form) {
      passing = null;
      return;
    }
    var doubtful = isDown() || !navigator.onLine || (form.method === "post" && Date.now() - heard > QUIET);
    if (!doubtful || !form.requestSubmit) return;
    event.preventDefault();
    var button = event.submitter || document.activeElement;
    if (!button || button.form !== form || button.type !== "submit") button = undefined;
    look().then(function (found) {
      delete form.dataset.sent;
      if (found || (found === null && !isDown())) {
        passing = form;
        form.requestSubmit(button);
      } else said(form);
    });
  });
  function said(form) {
    var notes = document.getElementById("typed");
    if (!notes || !form.closest("main")) return;
    var before = form.querySelector(".typed.offline");
    if (before) before.remove();
    form.append(notes.content.querySelector(".offline").cloneNode(true));
    form.lastElementChild.scrollIntoView({ block: "nearest" });
  }
})();
