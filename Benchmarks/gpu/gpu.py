#!/usr/bin/env python3
"""Measures Diffract on a GPU beside PyTorch, a section at a time; see run.sh. Needs PyTorch, and no .NET.

A section writes SECTION.json into the results' folder: what was measured, on what, and what was not. `table` makes
Markdown of the files that are there.
"""
import argparse
import datetime
import glob
import hashlib
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(os.path.dirname(HERE), "peers")
sys.path.insert(1, PEERS)
sys.path.insert(1, os.path.join(PEERS, "pytorch"))
from bench import Worker
from cases import flops, parse

LIMIT = 500  # seconds that a section may take
SAMPLE = 0.2  # seconds of one sample
PRECISIONS = ("float32", "tf32x3", "tf32", "float16", "bfloat16")
TOLERANCES = {"tf32": 2e-3, "float16": 2e-3, "bfloat16": 1.6e-2}
BLOCK = 24


class Section:
    """A section that runs: its limits, its results, and what went wrong."""

    def __init__(self, name, options):
        self.name, self.options, self.start = name, options, time.time()
        self.rows, self.facts, self.missing = [], {}, []

    def left(self):
        return self.options.limit - (time.time() - self.start)

    def miss(self, what):
        self.missing.append(what)
        print("#", what, file=sys.stderr, flush=True)

    def program(self, *words, tunes=True):
        switch = [] if tunes and not self.options.no_tuning else ["--no-tuning"]
        return [self.options.program, *switch, words[0], self.options.device, *words[1:]]

    def call(self, *words, tunes=True):
        """-> lines of JSON that a verb of our program prints; its status."""
        command = self.program(*words, tunes=tunes)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=max(1, self.left()))
        except subprocess.TimeoutExpired:
            self.miss(f"{' '.join(words)}: no time was left")
            return [], None
        if done.returncode not in (0, 1) or (done.returncode and not done.stdout.strip()):
            self.miss(f"{' '.join(words)}: ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.returncode

    def ours(self, precision, record=False, tunes=True):
        words = self.program("worker", precision, *(["record"] if record else []), tunes=tunes)
        return Worker(f"diffract {precision}" + (" recorded" if record else "") + ("" if tunes else " untuned"),
                      " ".join(words))

    def torch(self, precision, layout="nchw", how="eager", fused=True):
        settings = {"PEER_DEVICE": "cpu" if self.options.device in ("sim", "cpu") else self.options.device,
                    "PEER_DTYPE": precision, "PEER_CHANNELS_LAST": "1" if layout == "nhwc" else "0",
                    "PEER_RUN": how, "PEER_FUSED": "1" if fused else "0"}
        command = "env " + " ".join(f"{k}={v}" for k, v in settings.items())
        return Worker(f"torch {precision} {layout} {how}", f"{command} {sys.executable} {PEERS}/pytorch/worker.py")

    def measure(self, cases, workers, rounds=5, together=True):
        """Times every case of every worker in turn; results must agree with the first worker's."""
        for case in cases:
            if self.left() < 20:
                self.miss(f"{case}: no time was left")
                continue
            ready = {}
            for w in workers:
                try:
                    reply = w.ask(f"{case} 0")
                    if "error" in reply:
                        self.miss(f"{case}: {w.name}: {reply['error']}")
                        continue
                    one = w.ask(f"{case} 1")["s"][0]
                    ready[w] = [max(1, min(2000, math.ceil(SAMPLE / max(one, 1e-7)))), [], reply]
                except (RuntimeError, json.JSONDecodeError) as e:
                    self.miss(f"{case}: {w.name}: {e}")
            order = list(ready)
            for number in range(rounds):
                for i in range(len(order)):
                    w = order[(i + number) % len(order)]
                    if self.left() > 5 or not ready[w][1]:
                        ready[w][1].append(w.ask(f"{case} {ready[w][0]}"))
            base = next(iter(ready.values()))[2]["check"] if ready else None
            for w, (repetitions, samples, reply) in ready.items():
                times = sorted(s["s"][0] for s in samples)
                row = {"case": case, "worker": w.name, "ms": statistics.median(times) * 1e3, "best_ms": times[0] * 1e3,
                       "worst_ms": times[-1] * 1e3, "samples": len(times), "calls": repetitions,
                       "check": reply["check"], "apart": apart(reply["check"][0], base[0]),
                       "peak_bytes": samples[-1]["hwm"]}
                if flops(case):
                    row["tflops"] = flops(case) / statistics.median(times) / 1e12
                if parse(case)[0] in ("train", "recompute"):
                    row["images_per_s"] = parse(case)[2] / statistics.median(times)
                    row["apart_each"] = [apart(*pair) for pair in zip(reply["check"], base)]
                self.rows.append(row)
                print(f"{case:28} {w.name:34} {row['ms']:10.3f} ms {row.get('tflops', 0):8.1f} TFLOP/s  "
                      f"apart {row['apart']:.1e}", flush=True)
                if "images_per_s" in row:
                    print("  " + training(row), flush=True)
            if not together:
                for w in workers:
                    w.stop(0)
        for w in workers:
            w.stop(0)

    def write(self):
        os.makedirs(self.options.results, exist_ok=True)
        path = os.path.join(self.options.results, self.name + ".json")
        with open(path, "w") as file:
            json.dump({"section": self.name, "date": datetime.date.today().isoformat(), "device": self.options.device,
                       "seconds": round(time.time() - self.start), "facts": self.facts, "rows": self.rows,
                       "missing": self.missing}, file, indent=1)
            file.write("\n")
        print(f"# {path}: {len(self.rows)} rows, {len(self.missing)} missing, {time.time() - self.start:.0f} s")
        return 1 if self.missing else 0


def apart(value, base):
    return abs(value - base) / abs(base or 1)


def training(row):
    """What a training step did, in words; its check is a loss, the length of the gradient, and two losses more."""
    losses, distances = ([v[0], *v[2:]] for v in (row["check"], row["apart_each"]))
    return (f"{row['images_per_s']:.2f} images/s, peak {row['peak_bytes'] / 2**30:.2f} GiB, losses "
            + ", ".join(f"{loss:.5f} ({distance:.1e} apart)" for loss, distance in zip(losses, distances))
            + f", gradient {row['check'][1]:.5g} ({row['apart_each'][1]:.1e} apart)")


def first(s):
    """What the machine is and can, before anything else is asked of it."""
    s.facts["cold"], _ = s.call("report")
    s.facts["warm"], _ = s.call("report")
    halves = [s.ours("float16"), s.torch("float16", "nhwc")]
    s.measure(["copy_1024", "gemm_8192", "gemm_65536x256x2304", "conv3_256_256_256_n8"], halves, rounds=5)
    s.measure(["gemm_8192", "conv3_256_256_256_n8"], [s.ours("bfloat16"), s.torch("bfloat16", "nhwc")], rounds=3)
    s.measure(["gemm_8192", "conv3_256_256_256_n8"], [s.ours("tf32"), s.torch("tf32", "nhwc")], rounds=3)
    s.measure(["gemm_4096", "conv3_256_256_256_n8"], [s.ours("tf32x3"), s.ours("float32"), s.torch("float32", "nhwc")],
              rounds=3)
    s.facts["repeat"], _ = s.call("repeat", "float16", "conv3_256_256_256_n8", "20")


def verify(s):
    """The golden cases of the tests in every precision; the tolerances are those of float32."""
    golden = os.path.join(os.path.dirname(os.path.dirname(HERE)), "Tests", "Golden")
    for precision in PRECISIONS:
        lines, status = s.call("verify", precision, golden)
        failed = [line["case"] for line in lines if not line["passed"]]
        s.facts[precision] = {"passed": len(lines) - len(failed), "failed": failed, "cases": lines}
        print(f"{precision}: {len(lines) - len(failed)} passed, {len(failed)} failed", flush=True)
        if precision in ("float32", "tf32x3") and (failed or not lines):
            s.miss(f"{precision}: {len(failed)} golden cases of {len(lines)} failed: {', '.join(failed[:10])}")


def read_tensors(path):
    """A safetensors file of float32 -> arrays by name."""
    import numpy as np

    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        body = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(body, np.float32, offset=i["data_offsets"][0],
                                count=(i["data_offsets"][1] - i["data_offsets"][0]) // 4).reshape(i["shape"])
            for name, i in header.items()}


def parity(s):
    """The 256-pixel network's relative errors in every precision, ours and PyTorch's, against double precision."""
    import torch

    from adm import Adm, shapes
    from fill import data, parameters
    from plan import ADM_256

    device = "cpu" if s.options.device in ("sim", "cpu") else s.options.device
    weights = parameters(shapes(ADM_256))

    def run(dtype):
        network = Adm(ADM_256, {name: p.to(device, dtype) for name, p in weights.items()})
        x, t = data("x", 1, 3, 256, 256).to(device, dtype), torch.full((1,), 500.0, device=device)
        with torch.inference_mode():
            output = network(x, t)
            network.last = BLOCK
            return {"output": output.double().cpu(), "b24": network(x, t).double().cpu()}

    def error(found, name):
        return float((found[name] - exact[name]).norm() / exact[name].norm())

    exact = run(torch.float64)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    theirs = {"float32": run(torch.float32), "float16": run(torch.float16), "bfloat16": run(torch.bfloat16)}
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    theirs["tf32"] = run(torch.float32)
    theirs["tf32x3"] = theirs["float32"]
    if device != "cpu":
        torch.cuda.empty_cache()
    path = os.path.join(s.options.results, "outputs.safetensors")
    os.makedirs(s.options.results, exist_ok=True)
    for precision in PRECISIONS:
        if s.left() < 30:
            s.miss(f"{precision}: no time was left")
            continue
        _, status = s.call("outputs", precision, path)
        if status != 0:
            continue
        ours = {name: torch.from_numpy(v.copy()).double() for name, v in read_tensors(path).items()}
        for name in ("b24", "output"):
            row = {"case": f"unet_256 {name}", "precision": precision, "error": error(ours, name),
                   "torch_error": error(theirs[precision], name)}
            # Sums in another order differ by about as much as float32's errors are large.
            limit = max(TOLERANCES.get(precision, 2e-5), 0)
            row["passed"] = row["error"] <= limit and row["error"] <= 1.25 * max(row["torch_error"], 1e-6)
            s.rows.append(row)
            print(f"{precision:9} {name:7} {row['error']:.2e}, PyTorch {row['torch_error']:.2e}"
                  f"{'' if row['passed'] else '  BEYOND'}", flush=True)
            if not row["passed"]:
                s.miss(f"{precision} {name}: error {row['error']:.2e}, PyTorch's {row['torch_error']:.2e}")
    if os.path.exists(path):
        os.remove(path)


def repeat(s):
    """The same bits every time."""
    for precision, case, times in [("float16", "unet_256_b24", 100), ("float32", "unet_256_b24", 10),
                                   ("bfloat16", "pretrain_step", 20), ("float32", "pretrain_step", 10)]:
        lines, status = s.call("repeat", precision, case, str(times))
        s.rows += [line | {"precision": precision} for line in lines]
        print(precision, *lines, flush=True)
        if status != 0:
            s.miss(f"{precision} {case}: the results differ from run to run")


def tuning(s):
    """The network's bits and times with tiles by trial, and with the usual ones; what the trials chose."""
    for precision in ("float16", "tf32"):
        found = []
        for tunes in (True, False):
            path = os.path.join(s.options.results, "tuned.safetensors")
            os.makedirs(s.options.results, exist_ok=True)
            lines, status = s.call("outputs", precision, path, tunes=tunes)
            if status != 0:
                continue
            with open(path, "rb") as file:
                found.append(hashlib.sha256(file.read()).hexdigest())
            os.remove(path)
            if tunes:
                s.facts[f"{precision} tiles"] = lines[-1]["tuned"]
        s.facts[f"{precision} same bits"] = len(found) == 2 and found[0] == found[1]
        print(precision, "same bits:", s.facts[f"{precision} same bits"], flush=True)
        if not s.facts[f"{precision} same bits"]:
            s.miss(f"{precision}: tuning changes the bits, or was not run")
        record = precision == "float16"
        s.measure([f"unet_256_b24_n{n}" for n in (32, 8, 1)],
                  [s.ours(precision, record), s.ours(precision, record, tunes=False)], rounds=4, together=False)


KERNELS = """
conv3_256_256_256_n8 conv3_512_256_256_n8 conv3_256_256_128_n8 conv3_512_512_64_n8 conv3_1024_512_64_n8
conv3_512_512_32_n8 conv3_1024_1024_16_n8 conv3_1024_1024_8_n8 conv1_512_256_256_n8 conv1_1024_3072_16_n8
gemm_4096 gnsilu_256_256_n8 gnsilu_512_64_n8 gnsilu_1024_16_n8 attn_512_32_n8 attn_1024_16_n8 attn_1024_8_n8
""".split()


def kernels(s):
    """The network's kernels by themselves, 16 bits first."""
    s.measure(["copy_1024", *KERNELS], [s.ours("float16"), s.torch("float16"), s.torch("float16", "nhwc")], rounds=3)
    s.measure(KERNELS[:10], [s.ours("tf32"), s.torch("tf32", "nhwc")], rounds=3)


def features(s):
    """The 256-pixel network to block 24 and whole, 16 bits, against an eager PyTorch that stops at the same block."""
    s.measure([f"unet_256_b24_n{n}" for n in (32, 8, 1)] + [f"unet_256_n{n}" for n in (32, 8, 1)],
              [s.ours("float16", record=True), s.torch("float16"), s.torch("float16", "nhwc"),
               s.torch("float16", how="graph")], rounds=4, together=False)


def compiled(s):
    """The same against torch.compile, which takes minutes to start."""
    s.measure(["unet_256_b24_n32", "unet_256_b24_n1"],
              [s.ours("float16", record=True), s.torch("float16", "nhwc", "compile")], rounds=5)


def precisions(s):
    """The network to block 24 in the wider types."""
    for precision in ("tf32", "tf32x3", "float32"):
        s.measure([f"unet_256_b24_n{n}" for n in (8, 1)],
                  [s.ours(precision, record=True), s.torch("tf32" if precision == "tf32" else "float32", "nhwc")],
                  rounds=3, together=False)


def train(s):
    """Steps of training: the 256-pixel network's, with its losses, and those of small networks."""
    # Without a GPU the script is only tried: PyTorch has no mixed precision of all these operations there.
    precision, of = ("float32", "8_n2") if s.options.device in ("sim", "cpu") else ("bfloat16", "256_n4")
    workers = [s.ours(precision), s.torch(precision), s.torch(precision, "nhwc")]
    # Fresh programs for each: what one keeps for reuse is not there for the others.
    s.measure([f"train_{of}", f"recompute_{of}"], workers, rounds=3, together=False)
    if s.options.device == "sim":
        return
    for precision in ("bfloat16", "float32"):
        workers = [s.ours(precision), s.torch(precision), s.torch(precision, "nhwc")]
        s.measure(["head_step", "diffeed_step", "pretrain_step"], workers, rounds=4)
    if s.options.device == "cpu":
        return
    s.measure(["diffeed_256_n4"], [s.ours("bfloat16"), s.torch("bfloat16", "nhwc")], rounds=3, together=False)


SECTIONS = {f.__name__: f for f in (first, verify, parity, repeat, tuning, kernels, features, compiled, precisions, train)}


def table(options):
    """Markdown of all results."""
    for path in sorted(glob.glob(os.path.join(options.results, "*.json"))):
        with open(path) as file:
            result = json.load(file)
        print(f"\n### {result['section']} ({result['date']}, {result['device']}, {result['seconds']} s)\n")
        timed = [r for r in result["rows"] if "ms" in r]
        if timed:
            workers = list(dict.fromkeys(r["worker"] for r in timed))
            print("| case | " + " | ".join(f"{w}, ms" for w in workers) + " | ours / best other |")
            print("|---|" + "---:|" * (len(workers) + 1))
            for case in dict.fromkeys(r["case"] for r in timed):
                by = {r["worker"]: r["ms"] for r in timed if r["case"] == case}
                ours = [v for w, v in by.items() if w.startswith("diffract")]
                others = [v for w, v in by.items() if not w.startswith("diffract")]
                share = f"{min(ours) / min(others):.2f}" if ours and others else ""
                print(f"| {case} | " + " | ".join(f"{by[w]:.3f}" if w in by else "" for w in workers)
                      + f" | {share} |")
        for r in result["rows"]:
            if "images_per_s" in r:
                print(f"- {r['case']} {r['worker']}: {training(r)}")
            elif "error" in r:
                print(f"- {r['precision']} {r['case']}: {r['error']:.2e}, PyTorch {r['torch_error']:.2e}")
            elif "different" in r:
                print(f"- {r['precision']} {r['case']}: {r['different']} different results of {r['times']}")
        for name, fact in result["facts"].items():
            if isinstance(fact, dict) and "passed" in fact:
                print(f"- {name}: {fact['passed']} golden cases passed, {len(fact['failed'])} failed")
            else:
                print(f"- {name}: `{json.dumps(fact)}`")
        for what in result["missing"]:
            print(f"- missing: {what}")
    return 0


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("section", choices=[*SECTIONS, "table"])
    ap.add_argument("--program", default="diffract-gpu", help="our program (pack.sh makes it)")
    ap.add_argument("--device", default="cuda", help="cuda, cuda:N; sim or cpu to try the script itself")
    ap.add_argument("--results", default=os.path.join(os.path.dirname(HERE), "results"))
    ap.add_argument("--limit", type=float, default=LIMIT, help=f"seconds that the section may take ({LIMIT})")
    ap.add_argument("--no-tuning", action="store_true", help="our program takes the usual tiles everywhere")
    options = ap.parse_args()
    if options.section == "table":
        return table(options)
    section = Section(options.section, options)
    try:
        SECTIONS[options.section](section)
    except KeyboardInterrupt:
        section.miss("stopped")
    finally:
        status = section.write()
    return status


if __name__ == "__main__":
    sys.exit(main())
