"""Read a TensorFlow.js graph model: its nodes in order, its constants as arrays."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError

_STORED = {"float32": "<f4", "int32": "<i4", "bool": "?"}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its name, its kind, the names that it reads, its attributes."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]

    def word(self, key: str) -> str:
        """Return a text attribute; ``""`` where it is not given."""
        return _text(self.attributes[key]["s"]) if key in self.attributes else ""

    def words(self, key: str) -> tuple[str, ...]:
        """Return an attribute that lists texts."""
        return tuple(_text(item) for item in self.attributes.get(key, {}).get("list", {}).get("s", []))

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole-number attribute."""
        return int(self.attributes.get(key, {}).get("i", default))

    def numbers(self, key: str) -> tuple[int, ...]:
        """Return an attribute that lists whole numbers; empty where it is not given."""
        return tuple(int(item) for item in self.attributes.get(key, {}).get("list", {}).get("i", []))

    def flag(self, key: str) -> bool:
        """Return a truth-value attribute."""
        return bool(self.attributes.get(key, {}).get("b", False))

    def dtype(self, key: str) -> str:
        """Return a type attribute, such as ``"DT_FLOAT"``."""
        return str(self.attributes[key]["type"])


@dataclass(frozen=True, slots=True)
class Graph:
    """A network.

    Attributes
    ----------
    nodes
        Name -> node, without constants.
    constants
        Name -> array in the layout of TensorFlow (images NHWC, kernels HWIO).
    """

    nodes: dict[str, Node]
    constants: dict[str, NDArray[Any]]

    def placeholder(self) -> Node:
        """Return the only input.

        Raises
        ------
        FormatError
            There is none or more than one.
        """
        found = [node for node in self.nodes.values() if node.kind == "Placeholder"]
        if len(found) != 1:
            raise FormatError(
                f"a pose network has one input; this graph has {len(found)}. Take the right model file."
            )
        return found[0]

    def needed_for(self, outputs: tuple[str, ...]) -> list[Node]:
        """Return the nodes that the outputs need, each after those that it reads."""
        done: set[str] = set()
        order: list[Node] = []
        todo = [(name, False) for name in reversed(outputs)]
        while todo:
            name, inputs_are_done = todo.pop()
            node = self.nodes.get(name)
            if node is None or name in done:
                continue
            if inputs_are_done:
                done.add(name)
                order.append(node)
            else:
                todo.append((name, True))
                todo += [(plain_name(source), False) for source in node.inputs]
        return order


def plain_name(reference: str) -> str:
    """Return the node of a reference such as ``"unstack:1"``."""
    return reference.split(":")[0]


def read_graph(model_json: Path) -> Graph:
    """Return the network in ``model_json`` and the weight files that it names.

    Raises
    ------
    FormatError
        The files are not a TensorFlow.js graph model, or do not belong together.
    """
    try:
        model = json.loads(model_json.read_text(encoding="utf-8"))
        constants: dict[str, NDArray[Any]] = {}
        for group in model["weightsManifest"]:
            stored = b"".join((model_json.parent / name).read_bytes() for name in group["paths"])
            constants |= _unpacked(stored, group["weights"])
        nodes = (_node(entry) for entry in model["modelTopology"]["node"] if entry["op"] != "Const")
        return Graph({node.name: node for node in nodes}, constants)
    except (KeyError, ValueError, TypeError) as cause:
        raise FormatError(
            f"'{model_json}' is not a TensorFlow.js graph model with its weights ({cause}). Fetch the model again."
        ) from cause


def _node(entry: dict[str, Any]) -> Node:
    # an input that starts with ^ only orders the steps
    inputs = tuple(name for name in entry.get("input", []) if not name.startswith("^"))
    return Node(entry["name"], entry["op"], inputs, entry.get("attr", {}))


def _unpacked(stored: bytes, entries: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return name -> array; half-precision and affine-quantised weights as what they stand for."""
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for entry in entries:
        count = math.prod(entry["shape"])
        quantised = entry.get("quantization")
        kind = entry["dtype"] if quantised is None else quantised["dtype"]
        code = {"float16": "<f2", "uint8": "u1", "uint16": "<u2"}.get(kind) or _STORED[kind]
        values = np.frombuffer(stored, code, count, offset)
        offset += values.nbytes
        if quantised is not None and kind != "float16":
            values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
        arrays[entry["name"]] = values.astype(_STORED[entry["dtype"]]).reshape(entry["shape"])
    if offset != len(stored):
        raise FormatError(
            f"the weights are {len(stored)} bytes and the graph describes {offset}. Fetch the model again."
        )
    return arrays


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("ascii")
