// Connect sessions: call MetaAdsConnect.open(url, { verifier }) in a click. Load it on the return page too.
(() => {
  const channel = new BroadcastChannel("metaads-connect");
  const query = new URLSearchParams(location.search);
  const id = query.get("connect_session");
  // The return page in a popup that lost its opener: tell the page that waits, and close once it has answered.
  if (id) {
    channel.addEventListener("message", ({ data }) => data.seen === id && window.close());
    channel.postMessage({ connectSession: id, status: query.get("status"), error: query.get("error") });
  }

  const open = (url, { verifier, session } = {}) => {
    const isPhone = matchMedia("(max-width: 767px), (pointer: coarse) and (not (any-pointer: fine))").matches;
    const popup = !isPhone && window.open("about:blank", "metaads-connect", "popup,width=600,height=740");
    const form = document.createElement("form");
    form.method = verifier ? "post" : "get";
    form.action = verifier ? url + "/start" : url;
    form.target = popup ? "metaads-connect" : "_self";
    const fields = { code_verifier: verifier, display: popup && "popup" };
    for (const name in fields) {
      const field = document.createElement("input");
      if (fields[name]) form.append(Object.assign(field, { type: "hidden", name, value: fields[name] }));
    }
    document.body.append(form);
    form.submit();
    form.remove();
    return new Promise((resolve) => {
      const done = ({ connectSession, status, error }) => {
        if (!connectSession || (session && session !== connectSession)) return;
        channel.postMessage({ seen: connectSession });
        resolve({ connectSession, status, error });
      };
      const { origin } = new URL(url);
      addEventListener("message", (event) => event.origin === origin && event.source === popup && done(event.data));
      if (popup) channel.addEventListener("message", ({ data }) => done(data));
    });
  };
  window.MetaAdsConnect = { open };
})();
