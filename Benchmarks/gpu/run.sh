#!/usr/bin/env bash
# Measures on a machine with an NVIDIA GPU, its driver, and Python with PyTorch; .NET is not needed there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat << END
usage: Benchmarks/gpu/run.sh SECTION [options of gpu.py]

  first        what the machine is and can: launches, copies, products; 3 minutes
  verify       golden cases in every precision
  parity       the 256-pixel network's errors in every precision beside PyTorch's
  repeat       100 runs give the same bits
  tuning       bits and times with tiles of products by trial, and with the usual ones
  kernels      the network's kernels by themselves, beside PyTorch's
  features     the 256-pixel network to block 24 and whole, batches of 1, 8 and 32
  compiled     the same beside torch.compile
  precisions   the network in TF32 and float32
  train        steps of training, the 256-pixel network's among them
  table        Markdown of all results that are there

Each takes less than 9 minutes and writes SECTION.json into Benchmarks/results (--results FOLDER).
The program is taken from Benchmarks/gpu/diffract-gpu.tar.xz, which pack.sh makes where .NET is.
END
}

case ${1:-} in
    '' | --help | -h) usage; exit ;;
esac
section=$1
shift
work=${GPU_WORK:-${TMPDIR:-/tmp}/diffract-gpu}
export PYTHONDONTWRITEBYTECODE=1
if [ "$section" = table ]; then exec python3 "$here/gpu.py" table "$@"; fi
archive=$here/diffract-gpu.tar.xz
if [ ! -x "$work/diffract-gpu" ] || [ "$archive" -nt "$work/diffract-gpu" ]; then
    [ -e "$archive" ] || { echo "there is no $archive: run Benchmarks/gpu/pack.sh where .NET is" >&2; exit 1; }
    rm -rf "$work"
    mkdir -p "$work"
    # As new as it is unpacked, so that a newer archive is noticed.
    tar -xmJf "$archive" -C "$work"
fi
exec python3 "$here/gpu.py" "$section" --program "$work/diffract-gpu" "$@"
