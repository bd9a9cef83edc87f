// Passkeys: only a script can ask the device for one. A form with data-passkey="create" or "get" asks the server
// what the device should do (data-options), lets the device do it, and is then sent with the answer in `credential`.
// What stands in [data-passkey-only] comes with `hidden`: it is shown where the browser can do it.
(() => {
  "use strict";

  const WORDS = {
    zh: {
      cancelled: "没有完成。请再试一次，或使用密码登录。",
      elsewhere: "通行密钥只能在带域名的地址下使用。请改用：",
      failed: "此设备无法完成，请稍后再试。",
      known: "此设备上已有本账号的通行密钥。",
    },
    en: {
      cancelled: "It was not completed. Please try again, or use your password.",
      elsewhere: "Passkeys work under an address with a name only. Please use: ",
      failed: "This device could not do it. Please try again later.",
      known: "This device holds a passkey of this account already.",
    },
  };
  const words = document.documentElement.lang.startsWith("zh") ? WORDS.zh : WORDS.en;
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const plain = (credential) => {
    const { response } = credential;
    const parts = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) parts[name] = text(response[name]);
    }
    const { id, type } = credential;
    return { id, type, rawId: text(credential.rawId), response: parts, clientExtensionResults: {} };
  };

  const ask = async (how, options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
    if (how === "create") {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = named(options.excludeCredentials);
    } else {
      publicKey.allowCredentials = named(options.allowCredentials);
    }
    return plain(await navigator.credentials[how]({ publicKey }));
  };

  // The words stand beside the field that is wrong, as the server would put them.
  const tell = (form, said, name) => {
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[data-busy]")) button.removeAttribute("data-busy");
    const place = form.querySelector("[data-passkey-error]");
    place.textContent = said;
    place.hidden = !said;
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const field = name && form.querySelector(`[name="${name}"]`);
    if (field) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
    } else if (said) {
      place.focus();
    }
  };

  const wrong = (error) => {
    if (error.name === "InvalidStateError") return words.known;
    if (error.name === "SecurityError") {
      const there = location.href.replace("//127.0.0.1", "//localhost").replace("//[::1]", "//localhost");
      return there === location.href ? words.failed : words.elsewhere + there.split(/[?#]/)[0];
    }
    return error.name === "NotAllowedError" || error.name === "AbortError" ? words.cancelled : words.failed;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form) return;
    event.preventDefault();
    tell(form, "");
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.options, { method: "POST", body, headers: { Accept: "application/json" } });
      const told = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok) {
        tell(form, told.error || words.failed, told.field);
        return;
      }
      form.elements.credential.value = JSON.stringify(await ask(form.dataset.passkey, told));
      for (const field of form.querySelectorAll("[type=password]")) field.value = "";
      form.submit();
    } catch (error) {
      tell(form, wrong(error));
    }
  });

  const show = () => {
    for (const part of document.querySelectorAll("[data-passkey-only][hidden]")) part.hidden = false;
    for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = true;
  };
  document.addEventListener("htmx:after:swap", show);
  show();
})();
