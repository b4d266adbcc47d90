// A stick figure from the side: left solid with round joints, right dashed with diamonds, each on its own outline.
function drawFigure(g, width, height, place, colours, options) {
  g.save();
  g.fillStyle = colours.room; g.fillRect(0, 0, width, height);
  const ground = height * 0.93, scale = (height * 0.84) / (options.tall || 1.85), middle = width * (options.centre || 0.5);
  const at = name => { const p = place(name); return p && [middle + p[0] * scale, ground - p[1] * scale]; };
  g.fillStyle = "#2C353D"; g.fillRect(0, ground, width, height - ground);
  g.strokeStyle = "#56626D"; g.lineWidth = 1; g.beginPath(); g.moveTo(0, ground); g.lineTo(width, ground); g.stroke();
  const shift = options.travel ? (options.travel * scale) % 90 : 0;
  g.fillStyle = "#7F8B97";
  for (let x = -shift - 90; x < width + 90; x += 90) g.fillRect(x, ground + (height - ground) * 0.45, 26, 2);
  const line = (names, colour, dash, thick) => {
    const points = names.map(at).filter(Boolean);
    if (points.length < 2) return;
    for (const [stroke, wide, pattern] of [[colours.outline, thick + 3, []], [colour, thick, dash]]) {
      g.beginPath(); g.lineWidth = wide; g.strokeStyle = stroke; g.setLineDash(pattern); g.lineJoin = "round";
      points.forEach((p, k) => k ? g.lineTo(p[0], p[1]) : g.moveTo(p[0], p[1])); g.stroke();
    }
    g.setLineDash([]);
  };
  const head = at("head") || at("neck"), neck = at("neck");
  if (head) { g.fillStyle = "#8D969F"; g.beginPath(); g.arc(head[0], head[1], 0.1 * scale, 0, 7); g.fill(); }
  const order = options.facing === -1 ? ["right", "left"] : ["left", "right"];
  for (const side of order) {
    const colour = side === "left" ? colours.video_left : colours.video_right;
    line([`${side}_hip`, `${side}_knee`, `${side}_ankle`, `${side}_toe`], colour, side === "left" ? [] : [7, 4], 3.4);
    line([`${side}_ankle`, `${side}_heel`], colour, side === "left" ? [] : [7, 4], 2.4);
    for (const part of ["knee", "ankle", "toe"]) {
      const p = at(`${side}_${part}`); if (!p) continue;
      g.fillStyle = "#fff"; g.strokeStyle = colours.outline; g.lineWidth = 1.3; g.beginPath();
      if (side === "left") g.arc(p[0], p[1], 4, 0, 7);
      else { g.moveTo(p[0], p[1] - 5); g.lineTo(p[0] + 5, p[1]); g.lineTo(p[0], p[1] + 5); g.lineTo(p[0] - 5, p[1]); g.closePath(); }
      g.fill(); g.stroke();
    }
    const toe = at(`${side}_toe`);
    if (toe) {
      g.font = "600 15px Inter, sans-serif"; g.lineWidth = 3; g.strokeStyle = colours.outline; g.fillStyle = colour;
      const word = side === "left" ? "L" : "R"; g.strokeText(word, toe[0] + 8, toe[1] + 4); g.fillText(word, toe[0] + 8, toe[1] + 4);
    }
  }
  line(["pelvis", "neck"], "#ffffff", [], 3);
  for (const segment of options.worn || []) {
    const ends = segment === "pelvis" ? ["pelvis", "pelvis"] : segment === "trunk" ? ["pelvis", "neck"] :
      segment.endsWith("thigh") ? [segment.replace("thigh", "hip"), segment.replace("thigh", "knee")] :
      segment.endsWith("shank") ? [segment.replace("shank", "knee"), segment.replace("shank", "ankle")] :
      [segment.replace("foot", "ankle"), segment.replace("foot", "toe")];
    const a = at(ends[0]), b = at(ends[1]); if (!a || !b) continue;
    g.fillStyle = (options.silent || []).includes(segment) ? "#A32035" : "#fff"; g.strokeStyle = colours.outline; g.lineWidth = 1.3;
    g.beginPath(); g.rect((a[0] + b[0]) / 2 - 8, (a[1] + b[1]) / 2 - 6, 16, 12); g.fill(); g.stroke();
  }
  g.restore();
}
function fit(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth || 300;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); canvas.style.height = `${height}px`;
  }
  const g = canvas.getContext("2d"); g.setTransform(ratio, 0, 0, ratio, 0, 0); return [g, width, height];
}
function paintVariables(root, colours) {
  for (const name of ["ink", "soft", "faint", "left", "right", "norm", "edge", "hair", "panel", "paper"])
    root.style.setProperty(`--${name}`, colours[name]);
}
function plate(g, x, y, words) {
  g.font = "12px Inter, sans-serif"; const wide = g.measureText(words).width + 14;
  g.fillStyle = "rgba(16,24,31,.82)"; g.fillRect(x, y, wide, 22); g.fillStyle = "#fff"; g.fillText(words, x + 7, y + 15);
}
