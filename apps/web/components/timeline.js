const JOINTS = { hip_flexion: "Hip", knee_flexion: "Knee", ankle_dorsiflexion: "Ankle" };
const AXES = { hip_flexion: "hip flexion, deg", knee_flexion: "knee flexion, deg", ankle_dorsiflexion: "ankle dorsiflexion, deg" };
const DOMAINS = { hip_flexion: [-30, 50], knee_flexion: [-10, 80], ankle_dorsiflexion: [-35, 30] };
const WINDOW_S = 6, HEIGHT = 268, FIGURE_HEIGHT = 186;

function unpack(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  let at = 4 + size; head.values = {};
  for (const [name, count, scale] of head.arrays) {
    const bytes = count * (scale ? 2 : 4), part = buffer.slice(at, at + bytes); at += bytes;
    head.values[name] = scale ? Float32Array.from(new Int16Array(part), v => v === -32768 ? NaN : v * scale) : new Float32Array(part);
  }
  return head;
}

export default function (component) {
  const { parentElement, data } = component;
  const root = parentElement.querySelector(".root"), colours = data.colours, ask = name => root.querySelector(name);
  paintVariables(root, colours);
  const kept = root.tandem || (root.tandem = { joint: "knee_flexion", side: "", shown: { fused: true, camera: true, imu: true }, time: null, start: null });
  let main = null, imu = null, playing = false, frame = 0, last = 0, stopped = false;
  const address = use => `/tandem/timeline/${encodeURIComponent(data.recording)}?use=${use}&v=${encodeURIComponent(data.version)}`;
  const get = async use => { const answer = await fetch(address(use)); if (!answer.ok) throw new Error(await answer.text()); return unpack(await answer.arrayBuffer()); };

  const value = (source, name, time) => {
    const found = source && source.values[name]; if (!found) return NaN;
    return found[Math.round((time - source.start_s) / source.step_s)];
  };
  const end = () => main.start_s + main.count * main.step_s;
  function firstView() {
    const spans = [...main.hidden.left.map(s => ["left", ...s]), ...main.hidden.right.map(s => ["right", ...s])];
    const longest = spans.sort((a, b) => (b[2] - b[1]) - (a[2] - a[1]))[0];
    if (!kept.side) kept.side = longest ? longest[0] : "left";
    if (!main.values[`${kept.joint}_${kept.side}`]) {
      const name = Object.keys(main.values).find(key => /^(knee|hip|ankle).*_(left|right)$/.test(key));
      if (name) { kept.side = name.endsWith("left") ? "left" : "right"; kept.joint = name.replace(/_(left|right)$/, ""); }
    }
    if (kept.time === null) kept.time = longest ? (longest[1] + longest[2]) / 2 : Math.min(main.start_s + 3, end());
    place();
  }
  function place() {
    kept.time = Math.max(main.start_s, Math.min(end() - main.step_s, kept.time));
    if (kept.start === null || kept.time < kept.start + 0.5 || kept.time > kept.start + WINDOW_S - 0.5)
      kept.start = Math.max(main.start_s, Math.min(Math.max(main.start_s, end() - WINDOW_S), kept.time - WINDOW_S / 2));
  }
  function buttons(box, entries, isOn, press) {
    box.replaceChildren(...entries.map(([key, words, can]) => {
      const button = document.createElement("button"); button.type = "button"; button.textContent = words;
      button.setAttribute("aria-pressed", String(isOn(key))); button.disabled = can === false; button.style.marginRight = "4px";
      button.onclick = () => { press(key); controls(); draw(); }; return button;
    }));
  }
  function controls() {
    const has = (joint, side) => Boolean(main.values[`${joint}_${side}`]);
    buttons(ask(".joints"), Object.entries(JOINTS).map(([k, w]) => [k, w, has(k, "left") || has(k, "right")]), k => k === kept.joint, k => { kept.joint = k; });
    buttons(ask(".sides"), [["left", "L left", has(kept.joint, "left")], ["right", "R right", has(kept.joint, "right")]], k => k === kept.side, k => { kept.side = k; });
    buttons(ask(".sources"), [["fused", "Fused"], ["camera", "Camera only", Boolean(main.values[`camera_${kept.joint}_${kept.side}`])], ["imu", "Wearables only", Boolean(imu)]],
      k => kept.shown[k], k => { kept.shown[k] = !kept.shown[k]; });
    const side = kept.side, colour = colours[side], dash = side === "right" ? "5 2.5" : "";
    const sample = (inside) => `<svg width="30" height="10" aria-hidden="true">${inside}</svg>`;
    ask(".legend").innerHTML = [
      sample(`<path d="M0 5H30" stroke="${colour}" stroke-width="2.4" stroke-dasharray="${dash}"/>`) + "fused, with 95 % band; wider where the leg is hidden",
      main.values[`camera_${kept.joint}_${side}`] ? sample(`<circle cx="5" cy="5" r="2.4" fill="none" stroke="${colours.ink}"/><circle cx="15" cy="5" r="2.4" fill="none" stroke="${colours.ink}"/><circle cx="25" cy="5" r="2.4" fill="none" stroke="${colours.ink}"/>`) + "camera only; stops where the leg is hidden" : "camera only: this joint is not given",
      imu ? sample(`<path d="M0 5H30" stroke="${colours.faint}" stroke-width="1.4" stroke-dasharray="6 2 1 2"/>`) + "wearables only" : "",
      sample(`<rect width="30" height="10" fill="${colours.hidden}"/><path d="M4 0V10M10 0V10M16 0V10M22 0V10M28 0V10" stroke="${colours.edge}" stroke-width=".7"/>`) + "leg hidden from the camera",
    ].filter(Boolean).map(words => `<li>${words}</li>`).join("");
    ask(".curve").setAttribute("aria-label", `${side} ${AXES[kept.joint].replace(", deg", "")} over time. Arrow keys move the cursor by one stride; the button Show as table gives the numbers.`);
  }
  function drawPerson() {
    const [g, w, h] = fit(ask(".person"), FIGURE_HEIGHT);
    const at = name => { const x = value(main, `x_${name}`, kept.time), z = value(main, `z_${name}`, kept.time); return Number.isFinite(x) && Number.isFinite(z) ? [x, z] : null; };
    if (!at("left_knee") && !at("right_knee")) { g.fillStyle = colours.room; g.fillRect(0, 0, w, h); plate(g, 10, 10, "no position of the body in this recording"); return; }
    const tall = Math.max(1.2, ...["head", "neck", "pelvis"].map(n => { const p = at(n); return p ? p[1] + 0.2 : 0; }));
    drawFigure(g, w, h, at, colours, { tall, worn: main.worn, travel: 0 });
    const down = main.contacts[kept.side].some(([a, b]) => a <= kept.time && kept.time < b);
    plate(g, 8, 8, `${kept.time.toFixed(2)} s · ${kept.side} ${down ? "stance" : "swing"}`);
  }
  function drawCurve() {
    const [g, width] = fit(ask(".curve"), HEIGHT);
    const left = 46, right = width - 8, top = 20, bottom = 186, from = kept.start, to = Math.min(from + WINDOW_S, Math.max(end(), from + 1));
    const name = `${kept.joint}_${kept.side}`, X = t => left + (t - from) / (to - from) * (right - left);
    let [low, high] = DOMAINS[kept.joint];
    const inView = []; for (let t = from; t <= to; t += main.step_s) { const v = value(main, name, t), s = value(main, `${name}_sd`, t); if (Number.isFinite(v)) inView.push(v - 2 * s, v + 2 * s); }
    if (inView.length) { low = Math.min(low, 10 * Math.floor(Math.min(...inView) / 10)); high = Math.max(high, 10 * Math.ceil(Math.max(...inView) / 10)); }
    const Y = v => bottom - (v - low) / (high - low) * (bottom - top);
    g.fillStyle = colours.paper; g.fillRect(0, 0, width, HEIGHT);
    g.font = "12px Inter, sans-serif"; g.textAlign = "right"; g.lineWidth = 1;
    for (let v = Math.ceil(low / 20) * 20; v <= high; v += 20) { g.strokeStyle = v ? colours.grid : colours.edge; g.beginPath(); g.moveTo(left, Y(v)); g.lineTo(right, Y(v)); g.stroke(); g.fillStyle = colours.soft; g.fillText(String(v).replace("-", "−"), left - 6, Y(v) + 4); }
    g.textAlign = "center";
    for (const [a, b] of main.hidden[kept.side]) {
      if (b < from || a > to) continue;
      const x0 = Math.max(X(a), left), x1 = Math.min(X(b), right); g.fillStyle = colours.hidden; g.fillRect(x0, top, x1 - x0, bottom - top);
      g.strokeStyle = colours.hair; for (let x = x0; x <= x1; x += 7) { g.beginPath(); g.moveTo(x, top); g.lineTo(x, bottom); g.stroke(); }
      if (b - a > 0.2) { g.fillStyle = colours.soft; g.fillText(`leg hidden ${(b - a).toFixed(2)} s`, Math.min(Math.max((x0 + x1) / 2, left + 56), right - 56), top - 6); }
    }
    const colour = colours[kept.side];
    const trace = (source, key, style) => {
      g.beginPath(); let on = false;
      for (let t = from; t <= to; t += source.step_s) { const v = value(source, key, t); if (Number.isFinite(v)) { on ? g.lineTo(X(t), Y(v)) : g.moveTo(X(t), Y(v)); on = true; } else on = false; }
      g.strokeStyle = style.colour; g.lineWidth = style.wide; g.setLineDash(style.dash || []); g.stroke(); g.setLineDash([]);
    };
    g.save(); g.beginPath(); g.rect(left, top - 2, right - left, bottom - top + 4); g.clip();
    if (kept.shown.fused && main.values[name]) {
      g.fillStyle = colour; g.globalAlpha = 0.18; g.beginPath(); const upper = [], lower = [];
      for (let t = from; t <= to; t += main.step_s) { const v = value(main, name, t), s = 1.96 * value(main, `${name}_sd`, t); if (Number.isFinite(v) && Number.isFinite(s)) { upper.push([X(t), Y(v + s)]); lower.push([X(t), Y(v - s)]); } }
      [...upper, ...lower.reverse()].forEach((p, k) => k ? g.lineTo(...p) : g.moveTo(...p)); g.closePath(); g.fill(); g.globalAlpha = 1;
      trace(main, name, { colour, wide: 2.2, dash: kept.side === "right" ? [7, 3.5] : [] });
    }
    if (kept.shown.imu && imu) trace(imu, name, { colour: colours.faint, wide: 1.3, dash: [7, 2.5, 1.5, 2.5] });
    const times = main.values[`camera_time_${kept.side}`], dots = main.values[`camera_${name}`];
    if (kept.shown.camera && times && dots) { g.strokeStyle = colours.ink; g.lineWidth = 0.9; times.forEach((t, k) => { const at = t + main.start_s; if (at >= from && at <= to && Number.isFinite(dots[k])) { g.beginPath(); g.arc(X(at), Y(dots[k]), 2, 0, 7); g.stroke(); } }); }
    g.restore();
    g.strokeStyle = colours.edge; g.beginPath(); g.moveTo(left, top); g.lineTo(left, bottom); g.lineTo(right, bottom); g.stroke();
    ["left", "right"].forEach((side, k) => {
      const y = 194 + 22 * k; g.textAlign = "right"; g.fillStyle = colours[side]; g.font = "600 12px Inter, sans-serif"; g.fillText(side === "left" ? "L" : "R", left - 6, y + 12);
      for (const [a, b] of main.contacts[side]) { if (b < from || a > to) continue; const x0 = Math.max(X(a), left), x1 = Math.min(X(b), right);
        if (side === "left") { g.fillStyle = colours.left; g.fillRect(x0, y + 2, x1 - x0, 12); }
        else { g.strokeStyle = colours.right; g.lineWidth = 1.5; g.setLineDash([5, 2.5]); g.strokeRect(x0 + 1, y + 3, Math.max(x1 - x0 - 2, 1), 10); g.setLineDash([]); } }
    });
    g.font = "12px Inter, sans-serif"; g.textAlign = "center"; g.fillStyle = colours.soft;
    for (let t = Math.ceil(from); t <= to; t++) g.fillText(String(t), X(t), 250);
    g.fillText("time, s", (left + right) / 2, 264);
    g.save(); g.translate(11, (top + bottom) / 2); g.rotate(-Math.PI / 2); g.fillText(`${kept.side} ${AXES[kept.joint]}`, 0, 0); g.restore();
    g.strokeStyle = colours.ink; g.lineWidth = 1.4; g.beginPath(); g.moveTo(X(kept.time), top); g.lineTo(X(kept.time), 232); g.stroke();
  }
  function tell() {
    const name = `${kept.joint}_${kept.side}`, v = value(main, name, kept.time), s = 1.96 * value(main, `${name}_sd`, kept.time);
    const hidden = main.hidden[kept.side].some(([a, b]) => a <= kept.time && kept.time <= b);
    ask(".told").textContent = Number.isFinite(v) ? `${kept.side} ${AXES[kept.joint].replace(", deg", "")} at ${kept.time.toFixed(2)} s: ${v.toFixed(0).replace("-", "−")} deg [${(v - s).toFixed(0).replace("-", "−")}, ${(v + s).toFixed(0).replace("-", "−")}]${hidden ? ", leg hidden from the camera" : ""}` : "not assessable at this moment";
  }
  function draw() { if (!main || stopped) return; drawPerson(); drawCurve(); if (!playing) tell(); }
  function step(way) {
    const starts = main.strides[kept.side].map(s => s[0]);
    const found = way > 0 ? starts.find(t => t > kept.time + 0.05) : [...starts].reverse().find(t => t < kept.time - 0.05);
    kept.time = found !== undefined ? found : kept.time + way; place(); draw();
  }
  function toggle() {
    playing = !playing; const button = ask(".play"); button.setAttribute("aria-pressed", String(playing)); button.textContent = playing ? "❚❚ pause" : "▶ play";
    last = performance.now(); if (playing) frame = requestAnimationFrame(run); else draw();
  }
  function run(now) {
    if (!playing || stopped) return; kept.time += (now - last) / 1000; last = now;
    if (kept.time >= end() - 0.05) { kept.time = main.start_s; kept.start = null; } place(); draw(); frame = requestAnimationFrame(run);
  }
  function cycle() { const all = ["fused", "camera", "imu"]; const on = all.filter(k => kept.shown[k]); const only = on.length === 3 ? ["fused"] : on.length === 1 && on[0] === "fused" ? ["camera"] : on.length === 1 && on[0] === "camera" ? ["imu"] : all; all.forEach(k => { kept.shown[k] = only.includes(k); }); controls(); draw(); }
  function key(event) {
    const inside = event.composedPath()[0], tag = inside && inside.tagName;
    if (!main || event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "TEXTAREA", "SELECT"].includes(tag) || (inside && (inside.isContentEditable || inside.getAttribute && inside.getAttribute("role") === "tab"))) return;
    if (!root.isConnected || root.offsetParent === null) return;
    const acts = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), s: cycle };
    if (event.key === " " && (tag !== "BUTTON")) { event.preventDefault(); toggle(); } else if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  }
  ask(".back").onclick = () => step(-1); ask(".next").onclick = () => step(1); ask(".play").onclick = toggle;
  ask(".curve").onclick = event => { const box = ask(".curve").getBoundingClientRect(); kept.time = kept.start + (event.clientX - box.left - 46) / (box.width - 54) * WINDOW_S; place(); draw(); };
  document.addEventListener("keydown", key);
  const watch = new ResizeObserver(() => draw()); watch.observe(root);
  const started = performance.now();
  Promise.all([get("both"), data.other ? get("imu").catch(() => null) : null]).then(([a, b]) => {
    if (stopped) return; main = a; imu = b; firstView(); controls(); draw(); root.dataset.ready = String(Math.round(performance.now() - started));
  }).catch(cause => { ask(".told").textContent = `The timeline could not be loaded: ${cause.message}`; });
  return () => { stopped = true; playing = false; cancelAnimationFrame(frame); watch.disconnect(); document.removeEventListener("keydown", key); };
}
