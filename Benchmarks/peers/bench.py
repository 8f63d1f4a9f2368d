#!/usr/bin/env python3
"""Asks several programs for the same work in turn and logs the times (standard library only).

A worker is a process that answers a line on standard input with a line of JSON on standard output:

    info         {"peer": ..., "version": ..., "threads": N}, and "tolerance": X
                 when results may differ by that much (0.0001)
    peak         {"gflops": G}, multiply-adds of the whole machine; only one worker needs to know this
    CASE REPS    {"case": ..., "s": [wall seconds], "cpu": [CPU seconds], "check": [...], "hwm": peak memory in bytes}
    (unknown)    {"error": ...}

A case that is new is prepared and called once before anything is timed; `check` says what came out of that call, and is
compared with the first worker's, up to rounding. Every case gets fresh processes, for peak memory. Samples are taken
one worker after the other, in rotating order, so that drift and noise hit all alike. Around every sample the share of
the machine that others used is read ('foreign', and 'steal'); medians leave out samples with more than --max-foreign
of it while three clean ones exist.
"""
import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time

from cases import flops, select

TICKS, CORES = os.sysconf("SC_CLK_TCK"), os.cpu_count()
SAMPLE = 0.25  # seconds at least, so that the ticks of 10 ms in /proc/stat mean something
TOLERANCE = 1e-4


def machine():
    """Busy and stolen ticks of all cores."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return v[0] + v[1] + v[2] + v[5] + v[6], v[7]


def used(pid):
    with open(f"/proc/{pid}/stat") as f:
        v = f.read().rsplit(")", 1)[1].split()
    return int(v[11]) + int(v[12])


def wait_for_quiet(limit, level=0.06):
    """Until everything together used less than `level` of the cores over half a second, at most `limit` seconds."""
    end = time.time() + limit
    while True:
        before = sum(machine())
        time.sleep(0.5)
        if (sum(machine()) - before) / (0.5 * CORES * TICKS) < level or time.time() > end:
            return


class Worker:
    def __init__(self, name, command):
        self.name, self.command, self.process, self.case = name, command, None, None
        self.tolerance = TOLERANCE

    def start(self):
        # A session of its own: Ctrl+C is the driver's business.
        self.process = subprocess.Popen(shlex.split(self.command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, start_new_session=True)

    def ask(self, line):
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            while reply := self.process.stdout.readline():
                if reply.startswith("{"):
                    return json.loads(reply)
        except BrokenPipeError:
            pass
        code = self.process.wait()
        self.process = None
        raise RuntimeError(f"{self.name} ended with {code} at '{line}'")

    def stop(self, patience=10):
        if self.process is None:
            return
        process, self.process = self.process, None
        try:
            process.stdin.close()
            process.wait(patience)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()


class Run:
    def __init__(self, workers, options, log):
        self.workers, self.options, self.log, self.failures = workers, options, log, 0

    def write(self, **record):
        self.log.write(json.dumps(record) + "\n")
        self.log.flush()

    def fail(self, message):
        self.failures += 1
        print("#", message, file=sys.stderr, flush=True)

    def prepare(self, case):
        """Fresh workers that know the case, and how often each calls it in one sample."""
        repetitions, checks = {}, {}
        for w in self.workers:
            w.stop(0)
        for w in self.workers:
            try:
                reply = w.ask(f"{case} 0")
                if "error" in reply:
                    continue
                checks[w] = reply["check"]
                quickest = min(w.ask(f"{case} 1")["s"])
                if quickest < SAMPLE:
                    quickest = min(w.ask(f"{case} 3")["s"])
                repetitions[w] = max(1, min(50, round(SAMPLE / max(quickest, 1e-4))))
                if repetitions[w] > 1:  # a whole sample to warm up what is compiled as it runs
                    w.ask(f"{case} {repetitions[w]}")
            except RuntimeError as e:
                self.fail(e)
        self.compare(case, checks)
        return repetitions

    def compare(self, case, checks):
        first = next(iter(checks), None)
        for w, check in checks.items():
            pairs = list(zip(check, checks[first]))
            worst = max((abs(a - b) / max(abs(b), 1e-30) for a, b in pairs), default=1.0)
            self.write(worker=w.name, case=case, check=check, difference=worst)
            if not worst <= max(w.tolerance, first.tolerance):
                self.fail(f"different results in {case}: {w.name} {check}, {first.name} {checks[first]}")

    def sample(self, w, case, number, repetitions):
        wait_for_quiet(self.options.quiet)
        (busy, stolen), own, start = machine(), used(w.process.pid), time.time()
        reply = w.ask(f"{case} {repetitions}")
        span = CORES * TICKS * max(time.time() - start, 0.02)
        (busy_then, stolen_then), own_then = machine(), used(w.process.pid)
        record = dict(worker=w.name, case=case, round=number, n=repetitions,
                      s=statistics.median(reply["s"]), cpu=statistics.median(reply["cpu"]), hwm=reply["hwm"],
                      foreign=round(max(0, busy_then - busy - (own_then - own)) / span, 3),
                      steal=round((stolen_then - stolen) / span, 3))
        self.write(**record)
        return record

    def measure(self, case, peak):
        repetitions = self.prepare(case)
        samples = {w: [] for w in repetitions}
        order = list(repetitions)
        for number in range(1, self.options.rounds + 1):
            for i in range(len(order)):
                w = order[(i + number) % len(order)]
                if w not in samples:
                    continue
                try:
                    samples[w].append(self.sample(w, case, number, repetitions[w]))
                except RuntimeError as e:
                    self.fail(e)
                    del samples[w]
            if peak:
                self.write(worker=peak.name, case="peak", of=case, round=number, **peak.ask("peak"))
        self.show(case, samples)

    def show(self, case, samples):
        line, base = f"{case:22}", None
        for w in self.workers:
            if not samples.get(w):
                line += f"{'-':>36}"
                continue
            s, clean = seconds(samples[w], self.options.max_foreign)
            base = base or s
            line += f"{s * 1e3:10.2f} ms {flops(case) / s / 1e9:5.0f} GFLOP/s {s / base:5.2f}x n{clean}"
        print(line, flush=True)


def seconds(samples, max_foreign):
    """-> (median, how many clean samples): of the clean ones when there are three, of the cleaner half otherwise."""
    def dirt(x):
        return x["foreign"] + x["steal"]

    clean = [x for x in samples if dirt(x) <= max_foreign]
    use = clean if len(clean) >= 3 else sorted(samples, key=dirt)[: max(3, len(samples) // 2)]
    return statistics.median(x["s"] for x in use), len(clean)


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", default="cpu-peers.jsonl", help="the log, JSON lines; overwritten")
    ap.add_argument("--rounds", type=int, default=5, help="samples of every case (5)")
    ap.add_argument("--cases", default="", help="names, separated by commas (all of cases.py)")
    ap.add_argument("--quiet", type=float, default=30, help="seconds to wait for a quiet machine (30)")
    ap.add_argument("--max-foreign", type=float, default=0.08, help="share of the machine that others may use (0.08)")
    ap.add_argument("workers", nargs="+", metavar="name=command", help="the first is what ratios are against")
    options = ap.parse_args()
    options.cases = select(options.cases)
    if options.rounds < 1:
        ap.error("--rounds must be at least 1")
    for worker in options.workers:
        if "=" not in worker:
            ap.error(f"'{worker}' is not name=command")
    return options


def main():
    options = parse()
    workers = [Worker(*w.split("=", 1)) for w in options.workers]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done = 0
    with open(options.out, "w") as log:
        run = Run(workers, options, log)
        try:
            for w in workers:
                info = w.ask("info")
                w.tolerance = info.get("tolerance", TOLERANCE)
                run.write(worker=w.name, info=info, max_foreign=options.max_foreign)
                print("#", w.name, json.dumps(info))
            peak = next((w for w in workers if "gflops" in w.ask("peak")), None)
            print(f"{'case':22}" + "".join(f"{w.name:>36}" for w in workers), flush=True)
            for case in options.cases:
                run.measure(case, peak)
                done += 1
        except RuntimeError as e:
            print("#", e, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print(f"\nstopped after {done} of {len(options.cases)} cases; the log is {options.out}", file=sys.stderr)
            return 130
        finally:
            for w in workers:
                w.stop(0)
    if run.failures:
        print(f"# {run.failures} failures; the log is {options.out}", file=sys.stderr)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
