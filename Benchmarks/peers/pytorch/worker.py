#!/usr/bin/python3
"""PyTorch's worker; bench.py describes what it is asked.

PEER_THREADS threads (all cores), PEER_CHANNELS_LAST=1 channels-last tensors, PEER_FUSED=1 fused attention (torch 2).
PEER_DEVICE=cuda calculates on a GPU, in PEER_DTYPE (float32, tf32, float16, bfloat16); PEER_RUN is eager, graph (a CUDA
graph of an eager call) or compile (torch.compile, reduce-overhead).
"""
import json
import math
import os
import sys
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import torch
import torch.nn.functional as F

from adm import Adm, attention, res_shapes, shapes
from cases import TRAINED, parse
from fill import data, parameter, parameters
from plan import ADM_256
from steps import DifFeedStep, HeadStep, PretrainStep, SampleStep

THREADS = int(os.environ.get("PEER_THREADS") or os.cpu_count())
CHANNELS_LAST = os.environ.get("PEER_CHANNELS_LAST") == "1"
FUSED = os.environ.get("PEER_FUSED") == "1"
FORMAT = torch.channels_last if CHANNELS_LAST else torch.contiguous_format
DEVICE = os.environ.get("PEER_DEVICE") or "cpu"
PRECISION = os.environ.get("PEER_DTYPE") or "float32"
DTYPE = torch.float32 if PRECISION == "tf32" else getattr(torch, PRECISION)
HOW = os.environ.get("PEER_RUN") or "eager"
GPU = DEVICE.startswith("cuda")


def place(x):
    """On the device and in the type that is measured."""
    return x.to(DEVICE, DTYPE)


def placed(tensors):
    return {name: place(x) for name, x in tensors.items()}


def forward(kind, v, batch):
    """What is called for an inference case."""
    if kind == "gemm":
        a, b = place(data("x", v[0], v[2])), place(parameter("weight", (v[2], v[1])))
        return lambda: torch.mm(a, b)
    if kind in ("conv1", "conv3"):
        k = int(kind[-1])
        x = place(data("x", batch, v[0], v[2], v[2])).contiguous(memory_format=FORMAT)
        w = place(parameter("weight", (v[1], v[0], k, k))).contiguous(memory_format=FORMAT)
        b = place(parameter("bias", (v[1],)))
        return lambda: F.conv2d(x, w, b, padding=k // 2)
    if kind == "gnsilu":
        x = place(data("x", batch, v[0], v[1], v[1])).contiguous(memory_format=FORMAT)
        w, b = place(parameter("weight", (v[0],))), place(parameter("bias", (v[0],)))
        return lambda: F.silu(F.group_norm(x, 32, w, b))
    if kind == "attn":
        x = place(data("x", batch, 3 * v[0], v[1] ** 2))
        return lambda: attention(*x.reshape(batch * v[0] // 64, 192, v[1] ** 2).split(64, 1), FUSED)
    if kind == "copy":
        x = place(data("x", v[0], 1 << 18))
        y = torch.empty_like(x)
        return lambda: y.copy_(x)
    if kind == "res":
        m = Adm(ADM_256, placed(parameters(res_shapes("", v[0], v[1], 1024))), 0, CHANNELS_LAST, FUSED)
        x = place(data("x", batch, v[0], v[2], v[2])).contiguous(memory_format=FORMAT)
        emb = place(data("emb", batch, 1024))
        return lambda: m.res("", x, emb)
    last = v[1] if len(v) > 1 else 0
    m = Adm(ADM_256, placed(parameters(shapes(ADM_256, last))), last, CHANNELS_LAST, FUSED)
    x, t = place(data("x", batch, 3, 256, 256)), torch.full((batch,), 500.0, device=DEVICE)
    return lambda: m(x, t)


def prepared(call):
    """The call as it is to be run again and again."""
    if HOW == "compile":
        call = torch.compile(call, mode="reduce-overhead")
        for _ in range(3):
            call()
    elif HOW == "graph":
        for _ in range(3):
            call()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = call()
        return lambda: (graph.replay(), result)[1]
    return call


def rms(y):
    """In double precision, without a copy of the tensor."""
    return math.sqrt(sum(float(part.double().square().sum()) for part in y.reshape(-1).split(1 << 20)) / y.numel())


def peak_memory():
    if GPU:
        return torch.cuda.max_memory_allocated()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


class Case:
    """A case that was called once; `check` says what came out."""

    def __init__(self, name):
        kind, v, batch = parse(name)
        self.name, self.trains = name, kind in ("pretrain", "sample", "head", "diffeed", "train", "recompute")
        if GPU:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        if self.trains:
            half = DTYPE if DTYPE != torch.float32 else None
            words = {"config": TRAINED[v[0]], "batch": batch} if v else {}
            if kind in ("train", "recompute"):
                words |= {"losses": 3, "recompute": kind == "recompute"}
            step = {"sample": SampleStep, "head": HeadStep, "diffeed": DifFeedStep}.get(kind, PretrainStep)
            self.call = step(CHANNELS_LAST, FUSED, DEVICE, half, **words)
            self.check = self.call.check()
            self.hwm = peak_memory()
            return
        with torch.inference_mode():
            self.call = prepared(forward(kind, v, batch))
            y = self.call()
            self.hwm = peak_memory()
            self.check = [rms(y)]

    def measure(self, repetitions):
        wall, cpu = [], []
        with torch.inference_mode(not self.trains):
            if GPU and repetitions:
                wall, cpu = self.queued(repetitions)
            for _ in range(0 if GPU else repetitions):
                before, start = time.process_time(), time.perf_counter()
                y = self.call()
                wall.append(time.perf_counter() - start)
                cpu.append(time.process_time() - before)
                del y
        hwm = peak_memory() if repetitions else self.hwm
        return {"case": self.name, "s": wall, "cpu": cpu, "check": self.check, "hwm": hwm}


    def queued(self, repetitions):
        """Calls one behind the other, by the device's clock: every call has its share."""
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        before = time.process_time()
        first.record()
        for _ in range(repetitions):
            self.call()
        last.record()
        torch.cuda.synchronize()
        spent = time.process_time() - before
        return [first.elapsed_time(last) / 1e3 / repetitions] * repetitions, [spent / repetitions] * repetitions


def answer(words, current):
    """-> (what is printed, the case that is ready)."""
    if words[0] == "info":
        name = "torch" + ("-channels-last" if CHANNELS_LAST else "")
        info = {"peer": name, "version": torch.__version__, "threads": torch.get_num_threads()}
        return info | ({"device": torch.cuda.get_device_name(), "precision": PRECISION} if GPU else {}), current
    try:
        parse(words[0])
        if current is None or current.name != words[0]:
            del current  # its memory goes before the next case takes some
            current = Case(words[0])
    except ValueError as e:
        return {"error": str(e)}, None
    return current.measure(int(words[1]) if len(words) > 1 else 1), current


def main():
    torch.set_num_threads(THREADS)
    if GPU:
        # PyTorch's own default lets convolutions in float32 use TF32.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = PRECISION == "tf32"
        torch.backends.cudnn.benchmark = True
    current = None
    for line in sys.stdin:
        if line.split():
            result, current = answer(line.split(), current)
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
