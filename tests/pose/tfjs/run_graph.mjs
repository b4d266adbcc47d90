// Run original TensorFlow.js graph models on given inputs, with nothing of ours in between.
//
//   node run_graph.mjs NODE_MODULES JOB.json
//
// JOB.json: [{"model": "x.json", "input": "x.bin", "dtype": "float32" | "int32", "shape": [n, h, w, 3],
//             "outputs": {"node name": "file.bin"}}]; outputs are written as little-endian float32.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [modules, job] = process.argv.slice(2);
const require = createRequire(join(modules, "anything.js"));
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
const wasm = require("@tensorflow/tfjs-backend-wasm");
require("@tensorflow/tfjs-backend-cpu");

wasm.setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), "/"));
await tf.setBackend("wasm");

function stored(path) {
  const model = JSON.parse(readFileSync(path, "utf8"));
  // the graph says which size it was exported for; a convolutional network takes any
  const free = (shape) => shape.dim.forEach((axis) => (axis.size = "-1"));
  for (const node of model.modelTopology.node) if (node.op === "Placeholder") free(node.attr.shape.shape);
  for (const input of Object.values(model.signature.inputs)) free(input.tensorShape);
  const groups = model.weightsManifest;
  const parts = groups.flatMap((group) => group.paths.map((name) => readFileSync(join(dirname(path), name))));
  const joined = Buffer.concat(parts);
  return {
    load: async () => ({
      modelTopology: model.modelTopology,
      format: model.format,
      signature: model.signature,
      weightSpecs: groups.flatMap((group) => group.weights),
      weightData: joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.byteLength),
    }),
  };
}

const loaded = new Map();
for (const { model, input, dtype, shape, outputs } of JSON.parse(readFileSync(job, "utf8"))) {
  if (!loaded.has(model)) loaded.set(model, await loadGraphModel(stored(model)));
  const bytes = readFileSync(input);
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const image = tf.tensor(dtype === "int32" ? new Int32Array(whole) : new Float32Array(whole), shape, dtype);
  const names = Object.keys(outputs);
  let results = loaded.get(model).execute(image, names);
  if (!Array.isArray(results)) results = [results];
  for (const [place, name] of names.entries()) {
    writeFileSync(outputs[name], Buffer.from(Float32Array.from(await results[place].data()).buffer));
  }
  tf.dispose([image, ...results]);
}
