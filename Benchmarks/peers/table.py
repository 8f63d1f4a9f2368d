#!/usr/bin/env python3
"""Makes Markdown of bench.py's log: times and ratios, batches, peak memory.

usage: table.py LOG [--write FILE]
--write puts it into FILE between the lines <!-- peers --> and <!-- /peers -->; otherwise it is printed.
"""
import argparse
import json
import os
import re
import statistics
import sys

from bench import seconds
from cases import flops, parse

START, END = "<!-- peers -->", "<!-- /peers -->"


def describe(case):
    kind, v, batch = parse(case)
    text = {
        "gemm": lambda: "matrix product {} x {} x {}".format(*v),
        "conv1": lambda: "conv 1x1, {} to {} channels, {} px".format(*v),
        "conv3": lambda: "conv 3x3, {} to {} channels, {} px".format(*v),
        "gnsilu": lambda: "GroupNorm and SiLU, {} channels, {} px".format(*v),
        "attn": lambda: "attention, {} channels, {} px".format(*v),
        "res": lambda: "residual block, {} to {} channels, {} px".format(*v),
        "unet": lambda: "ADM-256, " + (f"to block {v[1]}" if len(v) > 1 else "whole network"),
        "pretrain": lambda: "pretraining step, 32 px, 64 channels, 32 images",
        "sample": lambda: "step of sampling, 32 px, 64 channels, 32 images",
        "head": lambda: "head training step, 64 px, 64 channels, 8 images",
        "diffeed": lambda: "DifFeed step, " + ("256 px" if v else "64 px, 64 channels, 4 images"),
        "train": lambda: "training step, {} px".format(*v),
        "recompute": lambda: "training step with blocks run again, {} px".format(*v),
    }[kind]()
    return text + (f", {batch} images" if batch > 1 else "")


class Log:
    def __init__(self, path):
        self.infos, self.samples, self.peaks, self.worst, cases = {}, {}, {}, 0.0, {}
        self.max_foreign, self.rounds = 0.0, 0
        with open(path) as lines:
            for r in map(json.loads, lines):
                if "info" in r:
                    self.infos[r["worker"]] = r["info"]
                    self.max_foreign = r["max_foreign"]
                elif r["case"] == "peak":
                    self.peaks.setdefault(r["of"], []).append(r["gflops"])
                elif "check" in r:
                    self.worst = max(self.worst, r["difference"])
                elif "s" in r:
                    self.samples.setdefault((r["case"], r["worker"]), []).append(r)
                    self.rounds = max(self.rounds, r["round"])
                    cases[r["case"]] = True
        self.cases, self.workers = list(cases), list(self.infos)
        if not self.cases:
            sys.exit(f"{path} has no samples")

    def seconds(self, case, worker):
        samples = self.samples.get((case, worker))
        return seconds(samples, self.max_foreign)[0] if samples else None

    def dirty(self):
        """-> (samples with too much going on beside them, all samples)."""
        every = [s for v in self.samples.values() for s in v]
        return sum(s["foreign"] + s["steal"] > self.max_foreign for s in every), len(every)


def row(cells):
    return "| " + " | ".join(cells) + " |"


def head(cells):
    return [row(cells), "|---|" + "---:|" * (len(cells) - 1)]


def milliseconds(s):
    return "-" if s is None else f"{s * 1e3:.3g}" if s < 1 else f"{s * 1e3:.0f}"


def times(log):
    ours, *peers = log.workers
    lines = [f"Milliseconds; in brackets the time of {ours} as a share of the other's.", ""] if peers else []
    lines += head(["case", ours, "of peak"] + peers)
    for case in log.cases:
        s = log.seconds(case, ours)
        peak = statistics.median(log.peaks[case]) if case in log.peaks else None
        share = f"{flops(case) / s / peak / 1e9:.0%}" if s and peak and flops(case) else "-"
        cells = [describe(case), milliseconds(s), share.replace("%", " %")]
        for p in peers:
            other = log.seconds(case, p)
            cells.append(milliseconds(other) + (f" ({s / other:.2f})" if s and other else ""))
        lines.append(row(cells))
    return lines


def batches(log):
    cases = [c for c in log.cases if parse(c)[2] > 1 and re.sub(r"_n\d+$", "", c) in log.cases]
    if not cases:
        return []
    lines = ["", "Time per image in a batch, as a share of the time of one image alone:", ""]
    lines += head(["case"] + log.workers)
    for case in cases:
        cells = [describe(case)]
        for w in log.workers:
            one, all_ = log.seconds(re.sub(r"_n\d+$", "", case), w), log.seconds(case, w)
            cells.append(f"{all_ / parse(case)[2] / one:.2f}" if one and all_ else "-")
        lines.append(row(cells))
    return lines


def memory(log):
    cases = [c for c in log.cases if parse(c)[0] in ("res", "unet", "pretrain", "sample", "head")]
    if not cases:
        return []
    lines = ["", "Peak memory of a fresh process that ran the case only (`VmHWM`), MiB:", ""]
    lines += head(["case"] + log.workers)
    for case in cases:
        peaks = [max((s["hwm"] for s in log.samples.get((case, w), [])), default=0) for w in log.workers]
        lines.append(row([describe(case)] + [f"{p / 2**20:,.0f}" if p else "-" for p in peaks]))
    return lines


def processor():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")


def origin(log):
    versions = ", ".join(f"{w}: {i['peer']} {i['version']}" for w, i in log.infos.items())
    threads = "/".join(sorted({str(i["threads"]) for i in log.infos.values()}))
    dirty, every = log.dirty()
    text = [f"{processor()}, {os.cpu_count()} cores, {threads} threads. {versions}.",
            f"Medians of {log.rounds} samples a case; {dirty} of {every} samples had company on the machine.",
            f"Results differ by {log.worst:.0e} at most."]
    if log.peaks:
        peaks = [g for v in log.peaks.values() for g in v]
        text.append(f"Peak while measuring: {min(peaks):.0f} to {max(peaks):.0f} GFLOP/s.")
    return [" ".join(text), ""]


def write(path, lines):
    with open(path) as f:
        text = f.read()
    if text.count(START) != 1 or text.count(END) != 1 or text.index(START) > text.index(END):
        sys.exit(f"{path} needs one line {START} and, after it, one line {END}")
    before, rest = text.split(START)
    with open(path + ".new", "w") as f:
        f.write(before + START + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1])
    os.replace(path + ".new", path)
    print("wrote", path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("log")
    ap.add_argument("--write", metavar="FILE")
    options = ap.parse_args()
    log = Log(options.log)
    lines = origin(log) + times(log) + batches(log) + memory(log)
    if options.write:
        write(options.write, lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
