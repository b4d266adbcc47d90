const SPAN_S = 6, PERSON_HEIGHT = 400, SCOPE_HEIGHT = 150;
export default function (component) {
  const { parentElement, data } = component, root = parentElement.querySelector(".root"), colours = data.colours;
  const ask = name => root.querySelector(name);
  paintVariables(root, colours);
  let socket = null, newest = null, stopped = false, frame = 0, wait = 500;
  const track = [], ages = [], drawn = [];
  function connect() {
    if (stopped) return;
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/tandem/live`);
    socket.onmessage = message => {
      const got = JSON.parse(message.data); if (got.off) { ask(".told").textContent = "The laboratory is off. Choose a person to start it."; return; }
      newest = got; wait = 500;
      if (got.t) { track.push(...got.t.filter(row => !track.length || row[0] > track[track.length - 1][0])); while (track.length && track[0][0] < got.w - 1000 * SPAN_S) track.shift(); }
    };
    socket.onclose = () => { if (!stopped) { tell("The connection was lost. The recording goes on; trying again."); setTimeout(connect, wait); wait = Math.min(2 * wait, 5000); } };
  }
  let told = "";
  function tell(words) { if (words !== told) { told = words; ask(".told").textContent = words; } }
  const middle = list => { const sorted = [...list].sort((a, b) => a - b); return sorted.length ? sorted[Math.floor(sorted.length / 2)] : NaN; };
  function draw() {
    if (stopped) return;
    frame = requestAnimationFrame(draw);
    if (!root.isConnected || !newest) { if (root.isConnected) { const [g, w, h] = fit(ask(".person"), PERSON_HEIGHT); g.fillStyle = colours.room; g.fillRect(0, 0, w, h); plate(g, 10, 10, "waiting for the devices"); } return; }
    const now = Date.now(); drawn.push(now); while (drawn[0] < now - 2000) drawn.shift();
    ages.push(now - newest.w); if (ages.length > 240) ages.shift();
    const [g, w, h] = fit(ask(".person"), PERSON_HEIGHT), points = newest.p || {};
    drawFigure(g, w, h, name => points[name] || null, colours, { tall: 1.9, worn: newest.worn, silent: newest.silent, travel: newest.x || 0 });
    const age = middle(ages), sorted = [...ages].sort((a, b) => a - b), late = sorted[Math.floor(0.95 * (sorted.length - 1))];
    plate(g, 10, 10, w < 640 ? `live · data ${age.toFixed(0)} ms old` : `live · ${Math.round(drawn.length / 2)} pictures/s · data ${age.toFixed(0)} ms old, p95 ${late.toFixed(0)} ms · no picture stored`);
    if (newest.rec !== null) plate(g, 10, 38, `● recording ${Math.floor(newest.rec / 60)}:${String(Math.floor(newest.rec % 60)).padStart(2, "0")}`);
    g.textAlign = "right"; g.font = "600 13px Inter, sans-serif"; g.fillStyle = colours.video_left; const row = w < 640 ? h - 12 : 25; g.fillText("━ ● L left", w - 96, row); g.fillStyle = colours.video_right; g.fillText("╍ ◇ R right", w - 12, row); g.textAlign = "left";
    if (newest.phase) plate(g, 10, h - 30, `L ${newest.phase.left} · R ${newest.phase.right}`);
    root.dataset.fps = (drawn.length / 2).toFixed(1); root.dataset.age = age.toFixed(1); root.dataset.frames = String(Number(root.dataset.frames || 0) + 1);
    scope(now);
    tell(newest.silent.length ? `${newest.silent.map(s => s.replace("_", " ")).join(", ")} silent. ${newest.rec !== null ? "The recording goes on." : ""}` : "");
  }
  function scope(now) {
    const [g, w, h] = fit(ask(".scope"), SCOPE_HEIGHT), left = 44, right = w - 22, top = 8, bottom = h - 22;
    g.fillStyle = colours.paper; g.fillRect(0, 0, w, h); g.font = "12px Inter, sans-serif";
    const X = t => right + (t - newest.w) / (1000 * SPAN_S) * (right - left), Y = v => bottom - (v + 10) / 90 * (bottom - top);
    g.textAlign = "right"; for (const v of [0, 20, 40, 60, 80]) { g.strokeStyle = v ? colours.grid : colours.edge; g.beginPath(); g.moveTo(left, Y(v)); g.lineTo(right, Y(v)); g.stroke(); g.fillStyle = colours.soft; g.fillText(String(v), left - 6, Y(v) + 4); }
    [["left", 1, []], ["right", 2, [7, 3.5]]].forEach(([side, column, dash]) => {
      g.beginPath(); let on = false; for (const row of track) { if (Number.isFinite(row[column])) { on ? g.lineTo(X(row[0]), Y(row[column])) : g.moveTo(X(row[0]), Y(row[column])); on = true; } else on = false; }
      g.strokeStyle = colours[side]; g.lineWidth = 2; g.setLineDash(dash); g.stroke(); g.setLineDash([]);
    });
    g.fillStyle = colours.soft; g.textAlign = "center"; for (let s = 0; s <= SPAN_S; s += 1) g.fillText(s ? `−${s}` : "now", X(newest.w - 1000 * s), h - 6);
    g.save(); g.translate(11, (top + bottom) / 2); g.rotate(-Math.PI / 2); g.fillText("knee flexion, deg", 0, 0); g.restore();
  }
  function key(event) {
    const inside = event.composedPath()[0], tag = inside && inside.tagName;
    if (event.key !== "r" || event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "TEXTAREA", "SELECT"].includes(tag) || (inside && inside.isContentEditable)) return;
    component.setTriggerValue("record", true);
  }
  document.addEventListener("keydown", key);
  connect(); draw();
  return () => { stopped = true; document.removeEventListener("keydown", key); cancelAnimationFrame(frame); if (socket) socket.close(); };
}
