#!/usr/bin/python3
"""How far the 256-pixel network's results are from the same network in double precision: PyTorch's in single precision,
and Diffract's in every mode. Prints Markdown.

    accuracy.py FILE        FILE from `Benchmarks -- outputs`; a few minutes and 12 GB of memory
"""
import json
import os
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np
import torch

from adm import Adm, shapes
from fill import data, parameters
from plan import ADM_256

BLOCK = 24


def read(path):
    """A safetensors file of float32."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        start = 8 + length
        result = {}
        for name, info in header.items():
            first, last = info["data_offsets"]
            file.seek(start + first)
            values = np.frombuffer(file.read(last - first), np.float32).copy()
            result[name] = torch.from_numpy(values).reshape(info["shape"])
        return result


def run(dtype):
    """-> (output, map of the block)."""
    network = Adm(ADM_256, {name: p.to(dtype) for name, p in parameters(shapes(ADM_256)).items()})
    x, t = data("x", 1, 3, 256, 256).to(dtype), torch.full((1,), 500.0, dtype=dtype)
    with torch.inference_mode():
        output = network(x, t)
        network.last = BLOCK
        return output, network(x, t)


def row(name, found, expected):
    cells = []
    for y, e in zip(found, expected):
        difference, rms = (y.double() - e).abs(), float(e.square().mean().sqrt())
        largest, error = float(difference.max()), float(difference.square().mean().sqrt())
        cells += [f"{largest:.2g}", f"{largest / rms:.2g}", f"{error / rms:.2g}"]
    print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    found = read(sys.argv[1])
    exact = run(torch.float64)
    rms = [float(e.square().mean().sqrt()) for e in exact]
    print(f"Root mean squares: {rms[0]:.2f} of the output, {rms[1]:.2f} of block {BLOCK}.\n")
    print(f"| | output: largest | of its rms | error's rms | block {BLOCK}: largest | of its rms | error's rms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    row(f"PyTorch {torch.__version__.split('+')[0]}", run(torch.float32), exact)
    for mode in ("fast", "balanced", "direct", "lean"):
        row(f"Diffract, {mode}", (found[mode + ".output"], found[f"{mode}.b{BLOCK}"]), exact)


if __name__ == "__main__":
    main()
