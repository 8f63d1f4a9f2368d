#!/usr/bin/env bash
# Makes diffract-gpu.tar.xz: the program that run.sh measures with, the runtime included, for x86-64 Linux. At most 28 MB.
# Built from what is committed, so that it can be said what was measured.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
most=28000000

case ${1:-} in
    '') ;;
    --help | -h) echo "usage: Benchmarks/gpu/pack.sh"; exit ;;
    *) echo "pack.sh takes no argument '$1'" >&2; exit 2 ;;
esac
command -v dotnet > /dev/null || {
    echo "the .NET SDK of global.json is needed: https://dotnet.microsoft.com/download" >&2
    exit 1
}
if [ -n "$(git -C "$root" status --porcelain --untracked-files=no)" ]; then
    echo "# changes that are not committed are left out" >&2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
mkdir "$work/source" "$work/out"
git -C "$root" archive HEAD | tar -x -C "$work/source"
# A runtime identifier is not in the lock files.
find "$work/source" -name packages.lock.json -delete
dotnet publish "$work/source/Benchmarks/gpu" -c Release -r linux-x64 --self-contained -o "$work/out" \
    -p:PublishSingleFile=true -p:RestorePackagesWithLockFile=false -p:RunAnalyzers=false \
    -p:GenerateDocumentationFile=false > "$work/log" 2>&1 || {
    grep -E 'error' "$work/log" | sort -u | head -5 >&2
    exit 1
}
# Pictures of the program's own, which are not measured.
rm -rf "$work/out/Quickstart"
git -C "$root" rev-parse HEAD > "$work/out/commit"
tar -C "$work/out" -cf - . | xz -6 -T0 > "$here/diffract-gpu.tar.xz.new"
size=$(stat -c %s "$here/diffract-gpu.tar.xz.new")
if [ "$size" -gt $most ]; then
    rm "$here/diffract-gpu.tar.xz.new"
    echo "the archive has $size bytes, more than $most" >&2
    exit 1
fi
mv "$here/diffract-gpu.tar.xz.new" "$here/diffract-gpu.tar.xz"
echo "$here/diffract-gpu.tar.xz: $size bytes"
