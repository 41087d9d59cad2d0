// Nothing typed is lost: by a dropped line, a closed tab, a crash, an ended sign-in.
//
// What a person types into a form with an address of its own is kept in this browser under
// "typed:<person>:<address>" as {at, path, fields: {name: [values]}, words: {name: text}, sent}. It is shown
// again on the next page with that form, and dropped when the server says that it has taken it (data-taken),
// when its writer signs out or discards it, and after 14 days. Files, passwords, hidden fields and forms
// marked data-private are never kept; for those the browser asks before it leaves the page.
"use strict";
(function () {
  var DAYS = 14;
  var person = document.body.dataset.person;
  var touched = new Map(); // form → the names somebody has typed into on this page
  var unkept = new Set(); // forms with something in them that cannot be kept

  function keyOf(form) {
    var action = form.getAttribute("action");
    if (!person || !action || form.matches("[data-private]") || !form.matches("main form[method=post]")) return "";
    return "typed:" + person + ":" + new URL(action, location.href).pathname;
  }
  function keys(prefix) {
    return Object.keys(localStorage).filter(function (key) { return key.startsWith(prefix); });
  }
  function read(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch (error) {
      return null;
    }
  }
  // A browser may have no room, or be told to keep nothing.
  function quietly(act) {
    try {
      act();
      return true;
    } catch (error) {
      return false;
    }
  }

  function keepable(field) {
    return field.name && !/^(file|password|hidden|submit|button|image|reset)$/.test(field.type);
  }
  function isChoice(field) {
    return field.type === "checkbox" || field.type === "radio";
  }
  function named(form, name) {
    return Array.from(form.elements).filter(function (field) { return field.name === name && keepable(field); });
  }
  function valuesOf(form, name) {
    return named(form, name)
      .filter(function (field) { return !isChoice(field) || field.checked; })
      .map(function (field) { return field.value; });
  }
  function put(form, name, values) {
    named(form, name).forEach(function (field, place) {
      if (isChoice(field)) field.checked = values.includes(field.value);
      else if (place < values.length) {
        var before = field.value;
        field.value = values[place];
        // A choice that is no longer offered.
        if (field.tagName === "SELECT" && field.selectedIndex < 0) field.value = before;
      }
    });
  }

  function keep(form) {
    var key = keyOf(form);
    var entry = read(key) || { fields: {}, words: {} };
    entry.at = Date.now();
    entry.path = location.pathname;
    (touched.get(form) || []).forEach(function (name) {
      entry.fields[name] = valuesOf(form, name);
      var field = named(form, name)[0];
      var text = entry.fields[name].join("\n");
      // With its label, for the day its form is gone. A choice is a number to people, and no words.
      var label = field.labels[0] ? field.labels[0].textContent.replace("*", "").trim() : field.getAttribute("aria-label");
      if (isChoice(field) || field.tagName === "SELECT") return;
      entry.words[name] = text && (label ? label + "\n" : "") + text;
    });
    return quietly(function () { localStorage.setItem(key, JSON.stringify(entry)); });
  }

  function say(kind, at, discard) {
    var note = document.getElementById("typed").content.querySelector("." + kind).cloneNode(true);
    var time = note.querySelector("time");
    if (time) {
      var then = new Date(at);
      var today = then.toDateString() === new Date().toDateString();
      var two = function (number) { return String(number).padStart(2, "0"); };
      time.textContent =
        (today ? "" : then.getFullYear() + "-" + two(then.getMonth() + 1) + "-" + two(then.getDate()) + " ") +
        two(then.getHours()) + ":" + two(then.getMinutes());
      note.querySelector("button").addEventListener("click", function () {
        discard();
        note.remove();
      });
    }
    return note;
  }
  function forget(key) {
    quietly(function () { localStorage.removeItem(key); });
  }

  function bringBack(form, key, entry) {
    var names = Object.keys(entry.fields);
    var adder = form.querySelector("[data-add-row]");
    // Rows somebody had added to a table; their names count on, so there are never more than were kept.
    for (var more = names.length; adder && more && names.some(missing); more--) adder.click();
    if (document.activeElement && adder) document.activeElement.blur();
    function missing(name) { return /\d$/.test(name) && !named(form, name).length; }
    var other = names.filter(function (name) {
      return named(form, name).length && valuesOf(form, name).join("\n") !== entry.fields[name].join("\n");
    });
    if (!other.length) return;
    other.forEach(function (name) {
      put(form, name, entry.fields[name]);
      // A field may have a fold of its own, also outside the form's element.
      named(form, name).concat(form).forEach(function (part) {
        var fold = part.closest("details");
        if (fold && (part === form || part.value)) fold.open = true;
      });
    });
    form.prepend(say("again", entry.at, function () {
      forget(key);
      touched.delete(form);
      form.reset();
    }));
  }
  function showLeftOver(key, entry) {
    var words = Object.values(entry.words).filter(Boolean);
    if (!words.length) return;
    var note = say("left", entry.at, function () { forget(key); });
    note.querySelector(".pre").textContent = words.join("\n\n");
    document.getElementById("main").prepend(note);
  }

  function begin() {
    keys("typed:").forEach(function (key) {
      var entry = read(key);
      if (!entry || !(entry.at > Date.now() - DAYS * 86400000)) forget(key);
    });
    if (!person) return;
    var mine = "typed:" + person + ":";
    document.querySelectorAll("[data-taken]").forEach(function (flash) {
      var entry = read(mine + flash.dataset.taken);
      // What was typed on after the sending has not been taken.
      if (entry && entry.sent === JSON.stringify(entry.fields)) forget(mine + flash.dataset.taken);
    });
    var shown = new Set();
    document.querySelectorAll("main form[method=post]").forEach(function (form) {
      var key = keyOf(form);
      var entry = key && read(key);
      shown.add(key);
      if (entry) bringBack(form, key, entry);
    });
    // A fold far down the page: who comes back should not think the words are gone.
    var first = document.querySelector("main .typed.again");
    if (first) first.scrollIntoView({ block: "center" });
    keys(mine).forEach(function (key) {
      var entry = read(key);
      var here = entry.path === location.pathname;
      // An act's address is that of its page and the act's name.
      var below = key.slice(mine.length).replace(/[^/]+\/$/, "") === location.pathname;
      if (!shown.has(key) && (here || below)) showLeftOver(key, entry);
    });
  }
  quietly(begin);

  document.addEventListener("input", function (event) {
    var form = event.target.form;
    if (!form || !form.matches("main form[method=post]")) return;
    // Boxes ticked in a list are soon ticked again: nobody is asked for their sake.
    if (form.matches("[data-private]") && isChoice(event.target)) return;
    if (!keyOf(form) || !keepable(event.target)) {
      unkept.add(form);
      return;
    }
    if (!touched.has(form)) touched.set(form, new Set());
    touched.get(form).add(event.target.name);
    if (!keep(form)) unkept.add(form);
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented) return; // the line is down (line.js), or it is a second click (app.js)
    if (form.dataset.forgets) {
      // Signing out: on a computer of several people nothing stays behind.
      var left = [];
      quietly(function () { left = keys("typed:" + person + ":"); });
      if (left.length && !window.confirm(form.dataset.forgets)) {
        event.preventDefault();
        delete form.dataset.sent;
      } else left.forEach(forget);
      return;
    }
    unkept.delete(form);
    var key = keyOf(form);
    var entry = key && read(key);
    if (!entry) return;
    // A shorter form of the same act, as in the queue of reviews, does not send what was typed into the long one.
    var all = Object.keys(entry.fields).every(function (name) {
      return named(form, name).length || !entry.fields[name].join("");
    });
    if (all) entry.sent = JSON.stringify(entry.fields);
    quietly(function () { localStorage.setItem(key, JSON.stringify(entry)); });
  });

  window.addEventListener("beforeunload", function (event) {
    if (!unkept.size) return;
    event.preventDefault();
    event.returnValue = ""; // browsers of before 2023
  });
})();
