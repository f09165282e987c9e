// The status page: asks /api/v1/status every two seconds and shows what changed. No framework, nothing from elsewhere.
// Everything that comes from the gateway is put in as text, never as markup.

const POLL_MILLIS = 2000;
const TIMEOUT_MILLIS = 8000;
const HISTORY = 150; // five minutes
const PICTURE_EVERY = 2; // polls
const ALARMS = 12;

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const history = { in: [], out: [], backlog: [] };
let previous = null; // the last status
let failures = 0;
let polls = 0;
let alarmsNext = null;
const pictures = new Map(); // camera -> { url, tag }

/* ---------- asking ---------- */

function token() {
  return sessionStorage.getItem("tidegate-token");
}

async function ask(path) {
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  const response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  if (response.status === 401) {
    throw Object.assign(new Error("a token is needed"), { needsToken: true });
  }
  return response;
}

async function poll() {
  try {
    const response = await ask("/api/v1/status");
    if (!response.ok) {
      throw new Error(`the gateway answers with status ${response.status}`);
    }
    const status = await response.json();
    failures = 0;
    document.body.classList.remove("stale");
    $("login").hidden = true;
    $("content").hidden = false;
    show(status);
    previous = status;
    if (polls % PICTURE_EVERY === 0) {
      for (const camera of status.cameras) {
        await orWithout(showPicture(camera));
      }
    }
    await orWithout(showAlarms(status));
    polls++;
  } catch (error) {
    if (error.needsToken) {
      askForToken();
      return; // goes on when a token has been given
    }
    failures++;
    showUnreachable(error);
  }
  setTimeout(poll, document.hidden ? POLL_MILLIS * 5 : POLL_MILLIS);
}

/** A picture or the alarms may be missing for once: that does not mean that the gateway is gone. */
async function orWithout(part) {
  try {
    await part;
  } catch (error) {
    if (error.needsToken) {
      throw error;
    }
  }
}

function askForToken() {
  $("content").hidden = true;
  $("banner").hidden = true;
  setState("token needed", "warn");
  $("login-error").textContent = token() ? "This token is not known here." : "";
  sessionStorage.removeItem("tidegate-token");
  $("login").hidden = false;
  $("token").focus();
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("tidegate-token", $("token").value.trim());
  $("token").value = "";
  poll();
});

/* ---------- small things ---------- */

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function replace(parent, children) {
  parent.replaceChildren(...children);
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function rate(perSecond) {
  if (perSecond === null) {
    return "–";
  }
  return perSecond >= 10 ? number.format(Math.round(perSecond)) : perSecond.toFixed(1);
}

function duration(seconds) {
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  } else if (seconds < 5400) {
    return `${Math.round(seconds / 60)} min`;
  } else if (seconds < 172800) {
    return `${Math.round(seconds / 3600)} h`;
  }
  return `${Math.round(seconds / 86400)} days`;
}

const KINDS = { running: "good", starting: "", stopped: "", degraded: "warn", failed: "bad" };

function pill(state, text) {
  return element("span", { class: `pill ${KINDS[state] ?? ""}` }, text ?? state);
}

function setState(text, kind) {
  const state = $("state");
  if (state.textContent !== text) {
    state.textContent = text; // only when it changes: it is read aloud
  }
  state.className = `pill ${kind}`;
}

/** Per second since the last status, by the gateway's own clock; null: not known. */
function perSecond(status, of) {
  if (!previous || previous.log.epoch !== status.log.epoch) {
    return null;
  }
  const seconds = (status.monotonicMillis - previous.monotonicMillis) / 1000;
  const before = of(previous);
  const now = of(status);
  return seconds > 0 && before !== undefined && now >= before ? (now - before) / seconds : null;
}

function remember(series, value) {
  if (value !== null) {
    series.push(value);
    if (series.length > HISTORY) {
      series.shift();
    }
  }
}

function spark(svg, series) {
  const max = Math.max(1, ...series);
  const step = 100 / (Math.max(30, series.length) - 1); // a minute at least, so that a young line can be seen
  const start = 100 - (series.length - 1) * step;
  const points = series.map((value, i) => `${(start + i * step).toFixed(2)},${(29 - (value / max) * 27).toFixed(2)}`);
  if (points.length < 2) {
    svg.replaceChildren();
    return;
  }
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("class", "line");
  line.setAttribute("d", `M${points.join("L")}`);
  const area = document.createElementNS("http://www.w3.org/2000/svg", "path");
  area.setAttribute("class", "area");
  area.setAttribute("d", `M${start.toFixed(2)},30L${points.join("L")}L100,30Z`);
  svg.replaceChildren(area, line);
}

/* ---------- showing ---------- */

const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);
const sent = (status) => sum(status.uplinks, (uplink) => uplink.sentRecords);

function show(status) {
  const name = status.role === "central" ? "Central" : "Gateway";
  document.title = `${status.status === "ok" ? "" : "! "}Tidegate ${status.gatewayId}`;
  $("identity").textContent =
    `${name} ${status.gatewayId} · version ${status.version} · up ${duration(status.uptimeSeconds)}`;
  const words = { ok: ["all is well", "good"], degraded: ["degraded", "warn"], failed: ["failed", "bad"] };
  setState(...(words[status.status] ?? [status.status, "warn"]));
  showProblems(status);
  showFigures(status);
  showUplinks(status);
  showAdapters(status);
  showRules(status);
  showCameras(status);
  showLedger(status);
  $("updated").textContent = `Updated ${clockTime.format(new Date())}`;
}

function showProblems(status) {
  const banner = $("banner");
  banner.hidden = status.problems.length === 0;
  banner.className = `banner ${status.status === "failed" ? "bad" : ""}`;
  if (banner.dataset.shown !== status.problems.join("\n")) {
    banner.dataset.shown = status.problems.join("\n");
    const title = status.status === "failed" ? "The gateway takes no data." : "Something needs attention.";
    replace(banner, [title, element("ul", {}, ...status.problems.map((problem) => element("li", {}, problem)))]);
  }
}

function showUnreachable(error) {
  if (failures < 2 && previous) {
    return; // one lost request is no outage
  }
  document.body.classList.add("stale");
  setState("not reachable", "bad");
  const since = $("updated").textContent.replace("Updated ", "");
  const banner = $("banner");
  banner.dataset.shown = "";
  banner.className = "banner bad";
  banner.hidden = false;
  const why = error.name === "TimeoutError" ? "It does not answer." : "";
  const text = previous
    ? `The gateway cannot be reached. What is shown is from ${since}. ${why}`
    : `The gateway cannot be reached. ${why}`;
  if (banner.textContent !== text) {
    banner.textContent = text;
  }
}

function showFigures(status) {
  const rateIn = perSecond(status, (one) => one.log.recordsCommitted);
  const rateOut = perSecond(status, sent);
  const backlog = sum(status.uplinks, (uplink) => uplink.pendingRecords);
  remember(history.in, rateIn);
  remember(history.out, rateOut);
  remember(history.backlog, backlog);
  $("rate-in").textContent = rate(rateIn);
  $("rate-out").textContent = status.uplinks.length ? rate(rateOut) : "–";
  $("backlog").textContent = status.uplinks.length ? number.format(backlog) : "–";
  $("total-in").textContent = `${number.format(status.log.recordsCommitted)} since the start`;
  $("total-out").textContent = status.uplinks.length
    ? `${number.format(sent(status))} confirmed since the start`
    : "no uplink is configured";
  $("backlog-eta").textContent = eta(backlog, status);
  spark($("spark-in"), history.in);
  spark($("spark-out"), history.out);
  spark($("spark-backlog"), history.backlog);
  $("disk").textContent = bytes(status.log.bytesOnDisk);
  $("disk-detail").textContent =
    `${number.format(status.log.segments)} segments · ${number.format(status.log.commits)} commits`;
  const balances = status.shards.every((shard) => shard.ledger.balances);
  $("ledger-word").textContent = balances ? "The ledger balances." : "The ledger does not balance.";
  $("ledger-word").className = balances ? "quiet" : "bad-text";
}

function eta(backlog, status) {
  if (!status.uplinks.length) {
    return "";
  }
  if (backlog === 0) {
    return "everything is confirmed";
  }
  const recent = history.backlog.slice(-8);
  const change = recent.length > 1 ? (recent[recent.length - 1] - recent[0]) / ((recent.length - 1) * POLL_MILLIS / 1000) : 0;
  if (change < -0.5) {
    return `draining, about ${duration(backlog / -change)} left`;
  }
  return change > 0.5 ? `growing by ${rate(change)} per second` : "steady";
}

function showUplinks(status) {
  $("s-uplinks").hidden = status.uplinks.length === 0;
  const opened = new Set([...$("uplinks").querySelectorAll("details[open]")].map((one) => one.dataset.name));
  replace($("uplinks"), status.uplinks.map((uplink) => uplinkCard(uplink, status, opened.has(uplink.name))));
}

function uplinkCard(uplink, status, isOpen) {
  const total = uplink.sentRecords + uplink.pendingRecords;
  const done = total === 0 ? 100 : (100 * uplink.sentRecords) / total;
  const before = (one) => one.uplinks.find((other) => other.name === uplink.name)?.sentRecords;
  const fill = element("span", {});
  fill.style.width = `${done}%`;
  const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element(
    "article",
    { class: "card uplink", "aria-label": `Uplink ${uplink.name}` },
    element(
      "div",
      { class: "uplink-head" },
      element("div", {}, element("strong", {}, uplink.name), element("span", { class: "quiet" }, `${uplink.kind} · ${uplink.target}`)),
      element("div", {}, pill(uplink.connected ? uplink.state : uplink.state === "running" ? "degraded" : uplink.state,
        uplink.state === "running" ? (uplink.connected ? "connected" : "not connected") : uplink.state)),
    ),
    uplink.detail ? element("p", { class: "quiet" }, uplink.detail) : null,
    element("div", { class: `bar ${uplink.connected ? "" : "behind"}`, role: "progressbar", "aria-label": `Confirmed by ${uplink.name} since the start`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.floor(done) }, fill),
    element(
      "dl",
      { class: "facts" },
      fact("backlog", number.format(uplink.pendingRecords)),
      fact("confirmed", number.format(uplink.sentRecords)),
      fact("per second", rate(perSecond(status, before))),
      fact("retries", number.format(uplink.retries)),
    ),
    uplink.lanes.length ? lanes(uplink, isOpen) : null,
  );
}

function lanes(uplink, isOpen) {
  const rows = uplink.lanes.map((lane) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, lane.stream),
      element("td", {}, lane.shardId),
      element("td", {}, pill(lane.state), lane.detail ? element("span", { class: "detail" }, lane.detail) : null),
      element("td", { class: "n" }, lane.next),
      element("td", { class: "n" }, number.format(lane.pendingRecords)),
    ),
  );
  const head = ["Stream", "Shard", "State"].map((text) => element("th", { scope: "col" }, text));
  const numbers = ["Next", "Backlog"].map((text) => element("th", { scope: "col", class: "n" }, text));
  return element(
    "details",
    { "data-name": uplink.name, open: isOpen },
    element("summary", {}, `${uplink.lanes.length} ${uplink.lanes.length === 1 ? "lane" : "lanes"}`),
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, ...head, ...numbers)), element("tbody", {}, ...rows))),
  );
}

function showAdapters(status) {
  $("s-adapters").hidden = status.adapters.length === 0;
  const cell = (value, isBad) => element("td", { class: isBad && value > 0 ? "n some" : "n" }, number.format(value));
  replace(
    $("adapters"),
    status.adapters.map((adapter) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, adapter.name, element("span", { class: "detail" }, adapter.kind)),
        element("td", {}, pill(adapter.state), adapter.detail ? element("span", { class: "detail" }, adapter.detail) : null),
        adapter.connections === undefined ? element("td", { class: "n" }, "–") : cell(adapter.connections),
        element("td", { class: "n" }, rate(perSecond(status, (one) => one.adapters.find((other) => other.name === adapter.name)?.stored))),
        cell(adapter.stored),
        cell(adapter.duplicates),
        cell(adapter.rejected, true),
        cell(adapter.dropped),
        cell(adapter.refused, true),
      ),
    ),
  );
}

function showRules(status) {
  $("s-rules").hidden = status.rules.length === 0;
  replace(
    $("rules"),
    status.rules.map((rule) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, rule.name),
        element("td", {}, pill(rule.state), rule.detail ? element("span", { class: "detail" }, rule.detail) : null),
        element("td", { class: "n" }, number.format(rule.recordsIn)),
        element("td", { class: "n" }, number.format(rule.recordsOut)),
      ),
    ),
  );
}

function showLedger(status) {
  const cell = (value, isBad) => element("td", { class: isBad && value > 0 ? "n some" : "n" }, number.format(value));
  replace(
    $("ledger"),
    status.shards
      .slice()
      .sort((a, b) => a.stream.startsWith("_") - b.stream.startsWith("_"))
      .map((shard) =>
        element(
          "tr",
          { class: shard.stream.startsWith("_") ? "reserved" : null },
          element("th", { scope: "row" }, shard.stream),
          element("td", {}, shard.shardId.replace(/^shardId-0*(?=\d)/, "shard ")),
          cell(shard.ledger.appended),
          cell(shard.ledger.retained),
          cell(shard.ledger.expired),
          cell(shard.ledger.evicted, true),
          cell(shard.ledger.corrupt, true),
          element("td", { class: "n" }, bytes(shard.retainedBytes)),
          element("td", {}, shard.ledger.balances ? pill("running", "balances") : pill("failed", "does not balance")),
        ),
      ),
  );
}

/* ---------- cameras ---------- */

function showCameras(status) {
  $("s-cameras").hidden = status.cameras.length === 0;
  const grid = $("cameras");
  for (const figure of [...grid.children]) {
    if (!status.cameras.some((camera) => camera.name === figure.dataset.name)) {
      figure.remove();
    }
  }
  for (const camera of status.cameras) {
    let figure = [...grid.children].find((one) => one.dataset.name === camera.name);
    if (!figure) {
      figure = element("figure", { class: "card camera", "data-name": camera.name },
        element("div", { class: "picture" }, "no picture yet"), element("figcaption", {}));
      grid.append(figure);
    }
    const last = camera.lastFragment ? `newest on the disk: no. ${camera.lastFragment.split(".").pop()}` : "nothing recorded yet";
    replace(figure.querySelector("figcaption"), [
      element("div", { class: "line" }, element("strong", {}, camera.name), pill(camera.state, camera.state === "running" ? "recording" : camera.state)),
      element("span", { class: "quiet" }, `${camera.kind} · ${number.format(camera.fragments)} fragments · ${bytes(camera.bytes)}`),
      element("span", { class: "quiet" }, camera.detail ?? last),
    ]);
  }
}

async function showPicture(camera) {
  const frame = [...$("cameras").children].find((one) => one.dataset.name === camera.name)?.querySelector(".picture");
  if (!frame || !camera.lastFragment || pictures.get(camera.name)?.tag === camera.lastFragment) {
    return;
  }
  const response = await ask(`/api/v1/cameras/${encodeURIComponent(camera.name)}/snapshot.jpg`);
  if (!response.ok) {
    return; // the caption says how the camera is
  }
  const url = URL.createObjectURL(await response.blob());
  const image = new Image();
  image.alt = `Latest picture of ${camera.name}`;
  image.src = url;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(url);
    return;
  }
  frame.replaceChildren(image);
  const old = pictures.get(camera.name);
  pictures.set(camera.name, { url, tag: camera.lastFragment });
  if (old) {
    URL.revokeObjectURL(old.url);
  }
}

/* ---------- alarms ---------- */

async function showAlarms(status) {
  const shard = status.shards.find((one) => one.stream === "_alarms");
  $("s-alarms").hidden = !shard;
  if (!shard || alarmsNext === shard.next) {
    return;
  }
  const from = Math.max(0, Number(shard.next) - 1 - ALARMS);
  const response = await ask(`/api/v1/streams/_alarms/records?shard=${shard.shardId}&from=after:${from}&limit=${ALARMS}`);
  if (!response.ok) {
    return;
  }
  alarmsNext = shard.next;
  const records = (await response.json()).records.filter((record) => !record.gap).reverse();
  const items = records.map((record) =>
    element(
      "li",
      {},
      element("time", { datetime: record.eventTime }, new Date(record.eventTime).toLocaleString()),
      element("span", {}, element("strong", {}, record.partitionKey), " ", alarmText(record)),
    ),
  );
  replace($("alarms"), items.length ? items : [element("li", { class: "empty" }, "No alarm so far.")]);
}

function alarmText(record) {
  const data = record.data;
  const sentence = data && (data.message ?? data.text ?? data.reason);
  if (typeof sentence === "string") {
    return sentence;
  }
  return element("code", {}, data ? JSON.stringify(data) : "binary data");
}

/* ---------- colours ---------- */

const THEMES = ["automatic", "light", "dark"];

function setTheme(name) {
  if (name === "automatic") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = name;
  }
  const text = `Colours: ${name}`;
  $("theme").setAttribute("aria-label", text);
  $("theme").title = text;
  $("theme").textContent = { automatic: "◐", light: "☀", dark: "☾" }[name];
}

$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(localStorage.getItem("tidegate-theme") ?? "automatic") + 1) % THEMES.length];
  localStorage.setItem("tidegate-theme", next);
  setTheme(next);
});

setTheme(THEMES.includes(localStorage.getItem("tidegate-theme")) ? localStorage.getItem("tidegate-theme") : "automatic");
poll();
