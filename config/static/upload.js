// Files on a slow line: what will not be taken is said when it is chosen, how far the sending is can be seen and
// stopped, and a line that drops loses nothing. Without this script the form is sent as any other.
//
// The sentences stand in <template id="upload"> of the page, with {name}, {done} and the like where words go in.
"use strict";
(function () {
  var words = document.getElementById("upload");
  if (!words || !window.FormData || !window.URL || !("upload" in new XMLHttpRequest())) return;
  var MB = 1024 * 1024;
  var sending = new Map(); // form → its request

  function sentence(kind, told) {
    var text = words.content.querySelector("[data-say=" + kind + "]").textContent;
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in told ? told[name] : whole; });
  }
  function size(bytes) {
    return bytes < MB / 10 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / MB).toFixed(1) + " MB";
  }
  function fieldOf(form) {
    var fields = Array.from(form.querySelectorAll("input[type=file]"));
    return fields.filter(function (field) { return field.files.length; })[0];
  }

  // --- Choosing ---------------------------------------------------------------------------------

  function wrongWith(field) {
    var endings = field.accept.split(",");
    var files = Array.from(field.files);
    var said = files.map(function (file) {
      var told = { name: file.name, size: size(file.size), limit: field.dataset.mb };
      var ending = (file.name.match(/\.[^.]*$/) || [""])[0].toLowerCase();
      if (!file.size) return sentence("empty", told);
      if (file.size > field.dataset.mb * MB) return sentence("large", told);
      return endings.includes(ending) ? "" : sentence("kind", told);
    });
    var most = Number(field.dataset.atOnce);
    if (files.length > most) said.push(sentence("many", { count: files.length, limit: most, name: files[most].name }));
    return said.filter(Boolean);
  }
  function listOf(field, className) {
    var list = field.parentNode.querySelector("." + className);
    if (!list) {
      list = document.createElement("ul");
      list.className = className;
      if (className === "errorlist") list.setAttribute("role", "alert");
      field.after(list);
    }
    return list;
  }
  function fill(list, texts) {
    list.textContent = "";
    texts.forEach(function (text) { list.appendChild(document.createElement("li")).textContent = text; });
  }
  document.addEventListener("change", function (event) {
    var field = event.target;
    if (field.type !== "file" || !field.dataset.mb) return;
    fill(listOf(field, "chosen"), Array.from(field.files).map(function (file) {
      return file.name + " · " + size(file.size);
    }));
    var wrong = wrongWith(field);
    fill(listOf(field, "errorlist"), wrong);
    field.closest(".field").classList.toggle("bad", wrong.length > 0);
    if (wrong.length) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  });

  // --- Sending ----------------------------------------------------------------------------------

  function begin(form) {
    var box = words.content.querySelector(".uploading").cloneNode(true);
    var before = form.querySelector(".uploading");
    if (before) before.remove();
    form.append(box);
    return {
      box: box, bar: box.querySelector("progress"), text: box.querySelector(".far"),
      said: box.querySelector("[role=status]"), stop: box.querySelector("button"), quarter: -1,
    };
  }
  function show(view, done, all) {
    view.bar.max = all;
    view.bar.value = done;
    view.text.textContent = sentence("far", { done: size(done), all: size(all), percent: Math.floor((100 * done) / all) + "%" });
    // Read aloud four times, not at every step.
    var quarter = Math.floor((4 * done) / all);
    if (quarter === view.quarter) return;
    view.quarter = quarter;
    view.said.textContent = view.text.textContent;
  }
  function over(form, view, kind, told) {
    sending.delete(form);
    delete form.dataset.sent;
    buttons(form, false);
    view.box.textContent = "";
    view.box.className = "uploading " + kind;
    var note = view.box.appendChild(document.createElement("p"));
    note.setAttribute("role", "alert");
    note.textContent = sentence(kind, told || {});
    view.box.scrollIntoView({ block: "nearest" });
    var again = form.querySelector("button[type=submit]");
    if (again) again.focus({ preventScroll: true });
    // The files are chosen still and sent nowhere: typed.js asks again before the page is left.
    var field = fieldOf(form);
    if (field) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function buttons(form, off) {
    form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = off; });
  }
  // The page as the server answered it, with all that was typed and a sentence beside each field.
  function replace(html) {
    var main = new DOMParser().parseFromString(html, "text/html").getElementById("main");
    if (!main) return false;
    document.getElementById("main").replaceWith(document.adoptNode(main));
    var bad = main.querySelector(".field.bad input, .field.bad textarea, .field.bad select, .flash.error");
    if (bad) {
      if (!bad.matches("input, textarea, select")) bad.tabIndex = -1;
      bad.focus({ preventScroll: true });
      (bad.closest(".field") || bad).scrollIntoView({ block: "center" });
    }
    return true;
  }

  function send(form) {
    var view = begin(form);
    var request = new XMLHttpRequest();
    var done = 0;
    var all = Array.from(fieldOf(form).files).reduce(function (sum, file) { return sum + file.size; }, 0);
    request.upload.addEventListener("progress", function (event) {
      done = Math.min(event.loaded, all);
      show(view, done, all);
    });
    request.upload.addEventListener("load", function () {
      show(view, all, all);
      view.stop.hidden = true; // it has arrived: too late to stop
      view.text.textContent = view.said.textContent = sentence("arrived", {});
    });
    request.addEventListener("load", function () {
      var next = request.getResponseHeader("Location");
      var led = new URL(request.responseURL || form.action, location.href);
      if (request.status === 201 && next) {
        sending.delete(form);
        location.assign(next);
      } else if (request.status === 200 && led.pathname !== new URL(form.action).pathname) {
        // The sign-in has ended: it leads back here, and what was typed comes back (typed.js).
        sending.delete(form);
        location.assign(led.href);
      } else if ((request.status === 409 || request.status === 422) && replace(request.responseText)) {
        sending.delete(form);
      } else over(form, view, request.status === 413 ? "refused" : "failed", { status: request.status });
    });
    request.addEventListener("error", function () {
      over(form, view, "dropped", { done: size(done), all: size(all) });
    });
    request.addEventListener("abort", function () { over(form, view, "stopped"); });
    view.stop.addEventListener("click", function () { request.abort(); });
    request.open("POST", form.action);
    request.setRequestHeader("X-Upload", "1");
    var data = new FormData(form);
    sending.set(form, request);
    buttons(form, true);
    show(view, 0, all || 1);
    view.stop.focus({ preventScroll: true });
    view.box.scrollIntoView({ block: "nearest" });
    request.send(data);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (sending.has(form)) event.preventDefault();
    if (event.defaultPrevented || form.method !== "post" || form.enctype !== "multipart/form-data") return;
    var field = fieldOf(form);
    if (!field) return;
    event.preventDefault();
    if (wrongWith(field).length) {
      // Said already, beside the field. Nothing leaves for a file that would be refused.
      delete form.dataset.sent;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
      return;
    }
    send(form);
  });

  window.addEventListener("beforeunload", function (event) {
    if (!sending.size) return;
    event.preventDefault();
    event.returnValue = ""; // browsers of before 2023
  });
})();
