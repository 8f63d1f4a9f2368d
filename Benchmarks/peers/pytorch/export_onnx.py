#!/usr/bin/python3
"""Exports cases as ONNX models of one input x for ONNX Runtime; there are none of training steps and of batches.

usage: export_onnx.py FOLDER CASE...     models that are there already are kept
"""
import os
import sys
import warnings

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import torch
import torch.nn.functional as F

from adm import Adm, attention, res_shapes, shapes
from cases import parse
from fill import data, parameter, parameters
from plan import ADM_256


class Model(torch.nn.Module):
    """A function of an input, and the tensors that it uses."""

    def __init__(self, tensors, body):
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "__"), tensor)
        self.body = body

    def forward(self, *x):
        return self.body(*x)


def model(kind, v):
    """-> (model, inputs)."""
    if kind == "gemm":
        b = parameter("weight", (v[2], v[1]))
        return Model({"b": b}, lambda a: torch.mm(a, b)), data("x", v[0], v[2])
    if kind in ("conv1", "conv3"):
        k = int(kind[-1])
        w, b = parameter("weight", (v[1], v[0], k, k)), parameter("bias", (v[1],))
        return Model({"w": w, "b": b}, lambda x: F.conv2d(x, w, b, padding=k // 2)), data("x", 1, v[0], v[2], v[2])
    if kind == "gnsilu":
        w, b = parameter("weight", (v[0],)), parameter("bias", (v[0],))
        return Model({"w": w, "b": b}, lambda x: F.silu(F.group_norm(x, 32, w, b))), data("x", 1, v[0], v[1], v[1])
    if kind == "attn":
        tokens = v[1] ** 2
        body = lambda x: attention(*x.reshape(v[0] // 64, 192, tokens).split(64, 1))
        return Model({}, body), data("x", 1, 3 * v[0], tokens)
    if kind == "res":
        p = parameters(res_shapes("", v[0], v[1], 1024))
        block, emb = Adm(ADM_256, p), data("emb", 1, 1024)
        return Model(p | {"emb": emb}, lambda x, e: block.res("", x, e)), (data("x", 1, v[0], v[2], v[2]), emb)
    last = v[1] if len(v) > 1 else 0
    p = parameters(shapes(ADM_256, last))
    return Model(p, Adm(ADM_256, p, last)), (data("x", 1, 3, 256, 256), torch.tensor([500.0]))


def main():
    warnings.filterwarnings("ignore")
    folder = sys.argv[1]
    for name in sys.argv[2:]:
        kind, v, batch = parse(name)
        path = os.path.join(folder, name, "model.onnx")
        if kind in ("pretrain", "head") or batch > 1 or os.path.exists(path):
            continue
        # Weights of more than 2 GB become files beside the model: the folder counts when it is whole.
        new = os.path.join(folder, name + ".new")
        os.makedirs(new, exist_ok=True)
        m, x = model(kind, v)
        names = ["x"] if torch.is_tensor(x) else ["x", "emb" if kind == "res" else "t"]
        torch.onnx.export(m.eval(), x, os.path.join(new, "model.onnx"), opset_version=15, input_names=names)
        os.rename(new, os.path.join(folder, name))
        print("exported", name, flush=True)


if __name__ == "__main__":
    main()
