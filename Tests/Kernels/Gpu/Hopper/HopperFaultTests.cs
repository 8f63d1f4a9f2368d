using System.Globalization;
using System.Text.RegularExpressions;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>Faults as one makes them with mbarriers, tensor maps and warpgroups, one at a time: each gives a wrong
/// result, or the simulated device names it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class HopperFaultTests
{
    // Who fetches comes first in the text.
    private const int Fetches = 0, Multiplies = 1;

    private static readonly string bytes =
        HopperTile.Small.StageBytes.ToString(CultureInfo.InvariantCulture);

    private static readonly (string Name, Func<string, string> Plant)[] faults =
    [
        ("no wait for a free stage", text => Change(text, Wait(), Fetches, "")),
        ("no wait for a slice", text => Change(text, Wait(), Multiplies, "")),
        ("too many bytes expected", text => text.Replace($"], {bytes};", "], 24592;", StringComparison.Ordinal)),
        ("too few bytes expected", text => text.Replace($"], {bytes};", "], 16384;", StringComparison.Ordinal)),
        ("who fetches waits for the wrong phase", text => Change(text, Begin(), Fetches, "$1 0;")),
        ("who multiplies waits for the wrong phase", text => Change(text, Begin(), Multiplies, "$1 1;")),
        ("the phase of who fetches stays", text => Change(text, Turn(), Fetches, "or.b32")),
        ("the phase of who multiplies stays", text => Change(text, Turn(), Multiplies, "and.b32")),
        ("products are not waited for", text => Without(text, "wgmma.wait_group.sync.aligned 1;")),
        ("the last products are not waited for", text => Without(text, "wgmma.wait_group.sync.aligned 0;")),
        ("too many products are left running", text => text.Replace("wait_group.sync.aligned 1;",
            "wait_group.sync.aligned 2;", StringComparison.Ordinal)),
        ("products are not closed", text => Without(text, "wgmma.commit_group.sync.aligned;")),
        ("registers are not fenced", text => Without(text, "wgmma.fence.sync.aligned;")),
        ("mbarriers are not fenced", text => Without(text, "fence.mbarrier_init.release.cluster;")),
        ("mbarriers are not waited for", text => Without(text, "bar.sync 0;")),
        ("a stage is free before all have read it", text => Change(text, Arrivals(), 0, "$1 4;")),
        ("a stage waits for too many", text => Change(text, Arrivals(), 0, "$1 9;")),
        ("one stage is given back every time", text => Change(text, Before(), 0, "")),
        ("rows stand too close in the descriptor", text => Change(text, Descriptor(), 0, Narrow)),
        ("columns stand too close in the descriptor", text => Change(text, Descriptor(), 1, Narrow)),
        ("no swizzling in the descriptor", text => Change(text, Descriptor(), 1,
            m => Bits(m, bits => bits & ~(3L << 62)))),
        ("a step is too long", text => Change(text, Step(), 0, "$1, 4;")),
        ("one warpgroup multiplies the other's rows", text => Change(text, Rows(), 0, "$1, 0;")),
        ("operands are exchanged in shared memory", text => Change(text, Left(), 0, "$1 8192;")),
        ("a lane exchanges with the wrong one", text => Change(text, Exchange(), 0, "$1, 2,")),
        ("a slice comes twice", text => Change(text, Next(), 0, "$1, 0;")),
        ("a tensor's axes are exchanged", text => Change(text, Corner(), 0, "{$2, $1,")),
        ("no registers are given back", text => Without(text, "setmaxnreg.dec.sync.aligned.u32 40;")),
    ];

    private static IEnumerable<string> Names => faults.Select(f => f.Name);

    [Test]
    public void Without_a_fault_all_is_well() => Assert.That(Error(text => text), Is.Null);

    [TestCaseSource(nameof(Names))]
    public void Is_noticed(string name)
    {
        var plant = faults.First(f => f.Name == name).Plant;
        var error = Error(text =>
        {
            var changed = plant(text);
            Assert.That(changed, Is.Not.EqualTo(text), "the fault finds no place");
            return changed;
        });
        Assert.That(error, Is.Not.Null);
        TestContext.Out.WriteLine(error);
    }

    // More slices than there are stages, and edges within tiles.
    private static string? Error(Func<string, string> plant)
    {
        try
        {
            return new HopperMatrices(136, 72, 64 * (HopperTile.Small.Stages + 2) + 40) { TransposeB = true }
                .Run(new PlantingDevice(new SimDevice(90), plant, "Hopper.Product"), MmaNumbers.Float16,
                    HopperTile.Small).Error;
        }
        catch (SimException e)
        {
            return e.Message;
        }
    }

    private static string Without(string text, string instruction) =>
        text.Replace(instruction, "", StringComparison.Ordinal);

    private static string Change(string text, Regex regex, int index, string to) =>
        Change(text, regex, index, m => m.Result(to));

    private static string Change(string text, Regex regex, int index, Func<Match, string> to)
    {
        var found = regex.Matches(text);
        return index >= found.Count ? text
            : text[..found[index].Index] + to(found[index]) + text[(found[index].Index + found[index].Length)..];
    }

    // 512 bytes from one eight rows to the next.
    private static string Narrow(Match m) => Bits(m, bits => bits & ~(0x3FFFL << 32) | 32L << 32);

    private static string Bits(Match m, Func<long, long> change) => m.Groups[1].Value + " "
        + change(long.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture)) + ";";

    [GeneratedRegex(@"(?<=try_wait[^;]*;\s+)@!%p\d+ bra L\d+;")]
    private static partial Regex Wait();

    // A stage and a parity begin.
    [GeneratedRegex(@"(mov\.b32 %r\d+, 0;\s+mov\.b32 %r\d+,) [01];(?!\s+mov\.b32 %r\d+, 0)")]
    private static partial Regex Begin();

    [GeneratedRegex(@"xor\.b32(?= %r\d+, %r\d+, 1;)")]
    private static partial Regex Turn();

    [GeneratedRegex(@"(mbarrier\.init\S+ \[%r\d+\+0\],) 8;")]
    private static partial Regex Arrivals();

    [GeneratedRegex(@"mov\.b32 %r\d+, %r\d+;(?=\s+add\.u32 %r\d+, %r\d+, 1;)")]
    private static partial Regex Before();

    [GeneratedRegex(@"(or\.b64 %l\d+, %l\d+,) (\d+);")]
    private static partial Regex Descriptor();

    [GeneratedRegex(@"(add\.u64 %l\d+, %l\d+), 2;")]
    private static partial Regex Step();

    [GeneratedRegex(@"(mul\.lo\.u32 %r\d+, %r\d+), 8192;")]
    private static partial Regex Rows();

    [GeneratedRegex(@"(add\.u32 %r\d+, %r\d+,) 16384;")]
    private static partial Regex Left();

    [GeneratedRegex(@"(shfl\.sync\.bfly\.b32 %f\d+, %f\d+), 1,")]
    private static partial Regex Exchange();

    [GeneratedRegex(@"(add\.s32 %r\d+, %r\d+), 64;")]
    private static partial Regex Next();

    [GeneratedRegex(@"\{(%r\d+), (%r\d+),")]
    private static partial Regex Corner();
}
