using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>NVIDIA's assembler lets products of warpgroups run by themselves, and keeps their sums in registers.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HopperTextTests
{
    // HGMMA, UTMALDG, USETMAXREG, LDL, STL.
    private const int Multiply = 0x9F0, Fetch = 0x5B4, SetRegisters = 0x9C8, LoadLocal = 0x983, StoreLocal = 0x387;

    /// <summary>Kernels of every source and tile.</summary>
    public static IReadOnlyList<IGpuKernel> Kernels =>
        [.. Variants().Select(c => HopperProduct.Kernel((HopperVariant)c.Arguments[0]!))];

    private static IEnumerable<TestCaseData> Variants()
    {
        foreach (var tile in new[] { HopperTile.Large, HopperTile.Medium, HopperTile.Small })
        {
            yield return Case(MmaNumbers.Float16, MmaSource.Rows, MmaSource.Rows, tile);
            yield return Case(MmaNumbers.BFloat16, MmaSource.Rows, MmaSource.Columns, tile);
            yield return Case(MmaNumbers.Float16, MmaSource.Columns, MmaSource.Rows, tile, wide: false);
            yield return Case(MmaNumbers.Float16, MmaSource.Columns, MmaSource.Columns, tile, DType.Float32);
            yield return Case(MmaNumbers.Float16, MmaSource.Patches, MmaSource.Rows, tile);
            yield return Case(MmaNumbers.Float16, MmaSource.Patches, MmaSource.Rows, tile, moments: true);
            yield return Case(MmaNumbers.BFloat16, MmaSource.Columns, MmaSource.Pixels, tile, DType.Float32);
        }
    }

    private static TestCaseData Case(MmaNumbers numbers, MmaSource left, MmaSource right, HopperTile tile,
        DType? result = null, bool wide = true, bool moments = false)
    {
        var variant = new HopperVariant(numbers, left, right, wide, result ?? numbers.Stored(), tile)
        {
            HasMoments = moments,
        };
        return new TestCaseData(variant).SetArgDisplayNames($"{variant}");
    }

    [TestCaseSource(nameof(Variants))]
    public void Stays_in_registers(HopperVariant variant)
    {
        var kernel = HopperProduct.Kernel(variant);
        var text = kernel.For(90).Text;
        Assert.That(kernel.SharedFor(90), Is.AtMost(227 * 1024));
        if (Assembler.Path is null) Assert.Ignore("there is no ptxas");
        var result = Assembler.Run([text], 90)[0];
        Assert.That((result.Stack, result.Spills, result.Shared), Is.EqualTo((0, 0, 0)));
        // As many as three warpgroups have; two of them get more from the third.
        Assert.That(result.Registers, Is.EqualTo(168));
        var operations = Assembler.Operations(text, 90);
        Assert.That(operations.GetValueOrDefault(Multiply), Is.EqualTo(Count(text, "wgmma.mma_async")));
        Assert.That(operations.GetValueOrDefault(Fetch), Is.EqualTo(Count(text, "cp.async.bulk.tensor")));
        Assert.That(operations.GetValueOrDefault(SetRegisters), Is.EqualTo(2));
        Assert.That(operations.Keys, Has.None.EqualTo(LoadLocal).And.None.EqualTo(StoreLocal));
    }

    private static int Count(string text, string instruction) =>
        (text.Length - text.Replace(instruction, "", StringComparison.Ordinal).Length) / instruction.Length;
}
