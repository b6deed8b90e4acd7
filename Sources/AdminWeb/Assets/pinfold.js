"use strict";
// The pages are whole without this. It opens the link, follows what happens, and adds keys and marks of what was viewed.
(() => {
  const body = document.body, live = document.getElementById("live");
  const say = text => { if (live.textContent !== text) live.textContent = text; };
  // What came of a form is said in it: what is new is said elsewhere, and would take its place.
  const tell = (form, text) => { form.querySelector(".told").textContent = text; };

  if (body.dataset.kind === "outside") {
    const token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    const form = document.getElementById("sign-in");
    if (/^[0-9a-f]{64}$/.test(token) && form) { form.elements.token.value = token; form.submit(); }
    return;
  }

  const refresh = async () => {
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main"), old = document.getElementById("main");
    if (!fresh) return;
    body.dataset.revision = page.body.dataset.revision;
    if (fresh.innerHTML === old.innerHTML) return;
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (hadFocus) fresh.focus({ preventScroll: true });
  };

  let stream = null;
  const follow = () => {
    stream = new EventSource("/stream");
    stream.addEventListener("status", event => {
      const known = Number(body.dataset.revision || 0), revision = Number(event.lastEventId);
      say("");
      if (body.dataset.kind === "live") refresh().catch(() => say("The page could not be read again."));
      else if (known && revision > known) say("Something has changed since this page was read. Load it again before you answer.");
    });
    stream.onerror = () => say("Not connected: what is shown may be old. 'pinfold web' has ended, or the network is gone.");
  };
  // A browser opens six connections to one site: only pages that are seen hold one.
  document.addEventListener("visibilitychange", () => {
    if (stream) stream.close();
    if (!document.hidden) follow();
  });
  if (!document.hidden) follow();

  // The output of what runs grows at its end: the next piece is asked for where the last one ended, while the page is seen.
  const output = document.getElementById("output");
  const more = async () => {
    const next = document.querySelector("#next a");
    if (!next) return clearInterval(timer);
    if (document.hidden) return;
    const answer = await fetch(next.getAttribute("href"), { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const piece = page.getElementById("output"), link = page.getElementById("next");
    if (!piece || !link || document.querySelector("#next a") !== next) return;
    const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    output.append(...piece.childNodes);
    document.getElementById("none").hidden ||= output.hasChildNodes();
    document.getElementById("next").replaceWith(link);
    if (atEnd) output.scrollTop = output.scrollHeight;
    if (!link.querySelector("a")) say("The deployment has ended.");
  };
  let isAsking = false;
  const timer = output && setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    more().catch(() => {}).finally(() => { isAsking = false; });
  }, 1000);

  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), letter => letter.charCodeAt(0));
  const letters = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const site = "pinfold.localhost";

  const answer = document.getElementById("answer");
  if (answer && window.PublicKeyCredential) {
    answer.hidden = false;
    answer.addEventListener("submit", event => {
      event.preventDefault();
      const field = answer.elements, verdict = event.submitter ? event.submitter.value : "approve", reason = field.reason.value.trim();
      if (verdict === "reject" && !reason) { tell(answer, "Say why you refuse it."); field.reason.focus(); return; }
      field.reason.value = reason;
      const text = answer.dataset[verdict].split("|").join("\n") + "\n" + (verdict === "reject" ? "reason: " + reason + "\n" : "");
      (async () => {
        const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
        const known = answer.dataset.passkeys.split(" ").map(id => ({ type: "public-key", id: bytes(id) }));
        const given = await navigator.credentials.get(
          { publicKey: { challenge, rpId: site, userVerification: "required", timeout: 120000, allowCredentials: known } });
        field.verdict.value = verdict;
        field.id.value = given.id;
        field.client.value = letters(given.response.clientDataJSON);
        field.authenticator.value = letters(given.response.authenticatorData);
        field.signature.value = letters(given.response.signature);
        answer.submit();
      })().catch(error => tell(answer, "No answer was given: " + error.message));
    });
  }

  const enrol = document.getElementById("new-passkey");
  if (enrol && window.PublicKeyCredential) {
    enrol.hidden = false;
    enrol.addEventListener("submit", event => {
      event.preventDefault();
      const name = enrol.elements.name.value.trim();
      navigator.credentials.create({ publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(32)), rp: { id: site, name: "Pinfold" }, attestation: "none",
        user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }], authenticatorSelection: { userVerification: "required" } } })
        .then(made => {
          enrol.elements.line.value = "passkey = " + made.id + " " + letters(made.response.getPublicKey()) + " " + name;
          tell(enrol, "Have root put the line under this person in the policy.");
        }, error => tell(enrol, "No passkey was made: " + error.message));
    });
  }

  const files = () => [...document.querySelectorAll(".file")];
  const key = file => "viewed " + location.pathname + " " + file.dataset.file;
  const progress = document.getElementById("progress");
  const count = () => {
    if (!progress) return;
    progress.hidden = false;
    progress.textContent = files().filter(file => file.classList.contains("seen")).length + " of " + files().length + " files viewed";
  };
  for (const file of progress ? files() : []) {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = sessionStorage.getItem(key(file)) === "1";
    file.classList.toggle("seen", box.checked);
    box.addEventListener("change", () => {
      file.classList.toggle("seen", box.checked);
      sessionStorage.setItem(key(file), box.checked ? "1" : "0");
      count();
    });
    label.append(box, " Viewed");
    file.querySelector("h3").after(label);
  }
  count();

  const go = (list, step) => {
    const edge = list.findIndex(item => item.getBoundingClientRect().top > (step > 0 ? 5 : -5));
    const next = step > 0 ? list[edge] : list[(edge < 0 ? list.length : edge) - 1];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView();
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || /INPUT|TEXTAREA/.test(event.target.tagName)) return;
    if (event.key === "j") go(files(), 1);
    else if (event.key === "k") go(files(), -1);
    else if (event.key === "n") go([...document.querySelectorAll(".diff .h")], 1);
    else if (event.key === "p") go([...document.querySelectorAll(".diff .h")], -1);
    else if (event.key === "?") say("Keys: j and k go to the next and previous file, n and p to the next and previous part.");
  });
})();
