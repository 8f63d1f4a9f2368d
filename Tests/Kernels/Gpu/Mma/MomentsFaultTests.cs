using System.Text.RegularExpressions;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Faults as one makes them in sums over channels, one at a time: each gives wrong sums, or the simulated
/// device names it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class MomentsFaultTests
{
    private static readonly (string Name, int Architecture, Func<string, string> Plant)[] faults =
    [
        ("strips of tiles overlap", 80, text => TileStrip().Replace(text, "$1 1;")),
        ("strips of warps overlap", 80, text => WarpStrip().Replace(text, "$1 4;")),
        ("a lane merges with the wrong one", 80, text => FirstMerge().Replace(text, ", 8,", 1)),
        ("a lane keeps the wrong half", 80, text => Half().Replace(text, "$1 2;")),
        ("a thread divides by too few rows", 80, text => text.Replace("0f3E800000", "0f3EAAAAAB",
            StringComparison.Ordinal)),
        ("too few rows on each side of a merge", 80, text => text.Replace("0f41000000", "0f40C00000",
            StringComparison.Ordinal)),
        ("numbers before they are rounded", 80, text => Rounded().Replace(text, m =>
            Move().Replace(m.Value, ""))),
        ("warps of a group do not wait", 90, text => Barrier().Replace(text, "")),
        ("a warp writes where another does", 90, text => Warp().Replace(text, "$1 1;")),
        ("strips of all images are one's", 90, text => Image().Replace(text, "mul.lo.s32 $1, 0,")),
        ("both groups have the first image", 90, text => Group().Replace(text, "mov.b32 $1, 0;")),
        ("both groups have one strip", 90, text => Strip().Replace(text, "mov.b32 $1, 0;")),
        ("boxes of an image have one strip", 90, text => Boxes().Replace(text, "div.s32")),
    ];

    private static IEnumerable<string> Names => faults.Select(f => f.Name);

    [Test]
    public void Without_a_fault_all_is_well([Values(80, 90)] int architecture) =>
        Assert.That(Error(architecture, text => text), Is.Null);

    [TestCaseSource(nameof(Names))]
    public void Is_noticed(string name)
    {
        var (_, architecture, plant) = faults.First(f => f.Name == name);
        var error = Error(architecture, text =>
        {
            var changed = plant(text);
            Assert.That(changed, Is.Not.EqualTo(text), "the fault finds no place");
            return changed;
        });
        Assert.That(error, Is.Not.Null);
        TestContext.Out.WriteLine(error);
    }

    // Several tiles of rows and images; with warpgroups, images that one and that two of them have.
    private static string? Error(int architecture, Func<string, string> plant)
    {
        long[][] images = architecture == 80 ? [[3, 4, 8, 16]] : [[3, 8, 8, 40], [2, 16, 16, 40]];
        var tile = architecture == 80 ? MmaTile.Small : (MmaTile?)null;
        try
        {
            var device = new PlantingDevice(new SimDevice(architecture), plant, "Mma.Product", "Hopper.Product");
            return images.Select(image => MomentsLab.Error(device, MmaNumbers.Float16, image, 40, false, tile))
                .FirstOrDefault(error => error is not null);
        }
        catch (SimException e)
        {
            return e.Message;
        }
    }

    [GeneratedRegex(@"(mul\.lo\.s32 %r\d+, %r\d+,) 2;(?=\s+div\.s32)")]
    private static partial Regex TileStrip();

    [GeneratedRegex(@"(?<=mul\.lo\.s32 %r\d+, %r\d+, 2;\s+)(div\.s32 %r\d+, %r\d+,) 2;")]
    private static partial Regex WarpStrip();

    [GeneratedRegex(@", 16,(?= 31, -1;)")]
    private static partial Regex FirstMerge();

    [GeneratedRegex(@"(and\.b32 %r\d+, %r\d+,) 8;(?=\s+setp\.ne\.u32)")]
    private static partial Regex Half();

    // Between what is written and the next run.
    [GeneratedRegex(@"st\.global\.v4\.b32[^L]+")]
    private static partial Regex Rounded();

    [GeneratedRegex(@"mov\.f32 %f\d+, %f\d+;")]
    private static partial Regex Move();

    [GeneratedRegex(@"bar\.sync %r\d+, 128;")]
    private static partial Regex Barrier();

    [GeneratedRegex(@"(shr\.u32 %r\d+, %r\d+, 5;\s+and\.b32 %r\d+, %r\d+,) 3;")]
    private static partial Regex Warp();

    [GeneratedRegex(@"mul\.lo\.s32 (%r\d+), %r\d+,(?= %r\d+;\s+rem\.s32)")]
    private static partial Regex Image();

    [GeneratedRegex(@"shr\.s32 (%r\d+), %r\d+, %r\d+;(?=\s+add\.s32 \S+ \S+ \S+\s+mul\.lo\.s32 \S+ \S+ \S+\s+rem)")]
    private static partial Regex Group();

    [GeneratedRegex(@"(?<=shl\.b32 %r\d+, %r\d+, %r\d+;\s+)and\.b32 (%r\d+), %r\d+, %r\d+;")]
    private static partial Regex Strip();

    [GeneratedRegex(@"rem\.s32(?= %r\d+, %r\d+, %r\d+;\s+add\.s32 \S+ \S+ \S+\s+shl)")]
    private static partial Regex Boxes();
}
