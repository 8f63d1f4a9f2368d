#!/usr/bin/env bash
# Compares the speed of Diffract on the CPU with other libraries, in turn on the same machine: see --help.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
    cat << END
usage: Benchmarks/peers/run.sh [options] [name=command ...]

  --peers LIST       torchsharp, tuned, torch, ort, or none (torchsharp,tuned,torch,ort)
  --modes LIST       Diffract's: fast, balanced, lean, direct (no Winograd algorithms); the first is compared (fast)
  --cases LIST       cases of cases.py, separated by commas (all)
  --rounds N         samples of every case and worker (5)
  --quiet SECONDS    longest wait for a quiet machine before a sample (30)
  --max-foreign X    share of the machine that others may use during a clean sample (0.08)
  --write            puts the table into docs/performance.md, where it is printed otherwise
  --table            makes the table of the last run's log again, without measuring
  name=command       another worker (bench.py says what it must answer)

Builds Diffract's worker and those of the other libraries, measures all of them in turn, and makes a table of the log.
torch is Debian's PyTorch; torchsharp is TorchSharp with libtorch; tuned is the same with glibc told to keep large
blocks and with fused attention; ort is ONNX Runtime. What is missing is installed (apt, NuGet).
Everything is built in PEER_WORK ($work). PEER_THREADS: threads ($threads).
END
}

work=${PEER_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/diffract-peers}
threads=${PEER_THREADS:-$(nproc)}
peers=torchsharp,tuned,torch,ort
modes=fast cases= write= table= options=() more=() names=
while [ $# -gt 0 ]; do
    case $1 in
        --peers | --modes | --cases | --rounds | --quiet | --max-foreign)
            [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; }
            case $1 in
                --peers) peers=$2 ;;
                --modes) modes=$2 ;;
                --cases) cases=$2 options+=(--cases "$2") ;;
                *) options+=("$1" "$2") ;;
            esac
            shift ;;
        --write) write=1 ;;
        --table) table=1 ;;
        --help | -h) usage; exit ;;
        -*) echo "there is no option $1; --help lists them" >&2; exit 2 ;;
        *=*) more+=("$1") ;;
        *) echo "'$1' is neither an option nor name=command; --help says more" >&2; exit 2 ;;
    esac
    shift
done
for peer in ${peers//,/ }; do
    case $peer in
        torchsharp | tuned | torch | ort | none) ;;
        *) echo "there is no peer '$peer'; there are torchsharp, tuned, torch, ort and none" >&2; exit 2 ;;
    esac
done

for mode in ${modes//,/ }; do
    case $mode in
        fast | balanced | lean | direct) ;;
        *) echo "there is no mode '$mode'; there are fast, balanced, lean and direct" >&2; exit 2 ;;
    esac
done

names=$(PYTHONDONTWRITEBYTECODE=1 python3 "$here/cases.py" "$cases") || exit 2

export PYTHONDONTWRITEBYTECODE=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
log=$work/log.jsonl

has() { [[ ,$peers, == *,$1,* ]]; }
say() { printf '# %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

tabulate() {
    if [ -n "$write" ]; then
        python3 "$here/table.py" "$log" --write "$root/docs/performance.md"
    else
        python3 "$here/table.py" "$log"
    fi
}

# install PACKAGE...: Debian packages, by an administrator.
install() {
    say "installing $*"
    local try
    for try in 1 2 3; do
        if apt-get update > "$work/apt.log" 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get \
            -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" >> "$work/apt.log" 2>&1; then
            return
        fi
        sleep 5
    done
    tail -3 "$work/apt.log" >&2
    fail "cannot install $*: do it by hand, or leave torch and ort out of --peers"
}

# build NAME PACKAGE=VERSION...: a worker in C#, outside of the repository and its build rules.
build() {
    local name=$1 folder=$work/$1 references= reference
    shift
    say "building $name"
    for reference in "$@"; do
        references+="    <PackageReference Include=\"${reference%=*}\" Version=\"${reference#*=}\" />"$'\n'
    done
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$here"/dotnet/common/*.cs "$here/dotnet/$name"/*.cs "$folder"
    cat > "$folder/$name-worker.csproj" << END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <OutputType>Exe</OutputType>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
    <SelfContained>false</SelfContained>
    <InvariantGlobalization>true</InvariantGlobalization>
    <!-- libtorch's package is served in one version only. -->
    <NoWarn>NU1603</NoWarn>
  </PropertyGroup>
  <ItemGroup>
$references  </ItemGroup>
</Project>
END
    # Rules of folders above stop here.
    printf '<Project />\n' | tee "$folder/Directory.Build.props" "$folder/Directory.Build.targets" \
        > "$folder/Directory.Packages.props"
    dotnet build "$folder" -c Release -v q -o "$folder/out" > "$folder/build.log" 2>&1 || {
        grep -E 'error' "$folder/build.log" | sort -u | head -5 >&2
        fail "$name does not build; all of it is in $folder/build.log"
    }
}

mkdir -p "$work"
if [ -n "$table" ]; then
    [ -e "$log" ] || fail "there is no log of an earlier run ($log)"
    tabulate
    exit
fi
command -v dotnet > /dev/null || fail "the .NET SDK of global.json is needed: https://dotnet.microsoft.com/download"
trap 'say stopped; exit 130' INT TERM

say "building Diffract"
dotnet build "$root/Benchmarks" -c Release -v q > "$work/ours.log" 2>&1 || {
    grep -E 'error' "$work/ours.log" | sort -u | head -5 >&2
    fail "Diffract does not build; all of it is in $work/ours.log"
}
ours=$root/Benchmarks/bin/Release/net10.0/Diffract.Benchmarks.dll
weights=$work/weights.safetensors
if [ ! -e "$weights" ]; then
    say "writing the weights of the 256-pixel network (2.2 GB, once)"
    dotnet "$ours" weights "$weights"
fi
workers=()
for mode in ${modes//,/ }; do
    name="Diffract $mode"
    if [ "$mode" = fast ]; then name=Diffract; fi
    workers+=("$name=env DOTNET_PROCESSOR_COUNT=$threads dotnet $ours worker $mode $weights")
done

if has torch || has ort; then
    { /usr/bin/python3 -c 'import torch' 2> /dev/null && ldconfig -p | grep -q openblas; } || install python3-torch libopenblas0-pthread
fi
if has torchsharp || has tuned; then
    build torchsharp TorchSharp=0.107.0 libtorch-cpu-linux-x64=2.10.0
    library=$(ldconfig -p | awk '/libstdc\+\+\.so\.6 .*x86-64/ && !found++ { print $NF }')
    preload=
    if ! grep -aq 'GLIBCXX_3\.4\.32' "$library"; then
        # An older libstdc++ than TorchSharp was built with: see patch_verneed.py.
        command -v gcc > /dev/null || install gcc libc6-dev
        python3 "$here/patch_verneed.py" "$work/torchsharp/out/libLibTorchSharp.so" > /dev/null
        echo 'void _ZSt21ios_base_library_initv(void) {}' | gcc -shared -fPIC -x c - -o "$work/iosinit.so"
        preload="LD_PRELOAD=$work/iosinit.so"
    fi
    command="$preload PEER_THREADS=$threads dotnet $work/torchsharp/out/torchsharp-worker.dll"
    keep="MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456"
    if has torchsharp; then workers+=("TorchSharp=env $command"); fi
    if has tuned; then workers+=("TorchSharp tuned=env PEER_FUSED=1 $keep $command"); fi
fi
if has torch; then
    workers+=("PyTorch=env PEER_THREADS=$threads /usr/bin/python3 $here/pytorch/worker.py")
fi
if has ort; then
    build ort Microsoft.ML.OnnxRuntime=1.31.1
    say "exporting models (a few minutes and 4 GB at the first time)"
    mkdir -p "$work/onnx"
    # shellcheck disable=SC2086
    /usr/bin/python3 "$here/pytorch/export_onnx.py" "$work/onnx" $names
    workers+=("ONNX Runtime=env PEER_THREADS=$threads dotnet $work/ort/out/ort-worker.dll $work/onnx")
fi

python3 "$here/bench.py" --out "$log" "${options[@]}" "${workers[@]}" "${more[@]}" &
driver=$!
# The driver ends its workers and says what there is.
trap 'kill $driver 2> /dev/null || true' INT TERM
status=0
wait $driver || status=$?
# A signal ends the wait, not the driver.
while kill -0 $driver 2> /dev/null; do
    status=0
    wait $driver || status=$?
done
# A table is made of whole runs whose results agree; --table makes one of what there is.
[ $status -eq 0 ] || exit $status
tabulate
