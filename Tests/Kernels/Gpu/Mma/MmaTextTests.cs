using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>NVIDIA's assembler keeps the products in registers and makes of their text what it is meant to be.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MmaTextTests
{
    private const int Multiply = 0x23C, LoadMatrix = 0x83B, CopyAsync = 0xFAE, LoadLocal = 0x983, StoreLocal = 0x387;

    private static readonly (MmaSource Left, MmaSource Right)[] sources =
    [
        (MmaSource.Rows, MmaSource.Rows), (MmaSource.Rows, MmaSource.Columns), (MmaSource.Columns, MmaSource.Rows),
        (MmaSource.Columns, MmaSource.Columns), (MmaSource.Patches, MmaSource.Rows),
        (MmaSource.Gathered, MmaSource.Rows), (MmaSource.Columns, MmaSource.Pixels),
    ];

    // Every source and tile once, for the architecture where they began; for the others those that networks live on.
    private static IEnumerable<TestCaseData> Variants()
    {
        foreach (var (left, right) in sources)
        {
            foreach (var tile in new[] { MmaTile.Large, MmaTile.Medium, MmaTile.Small })
                yield return Case(80, MmaNumbers.Float16, left, right, tile);
            yield return Case(80, MmaNumbers.Float16, left, right, MmaTile.Small, false);
            yield return Case(80, MmaNumbers.Tf32, left, right, MmaTile.Large);
            yield return Case(80, MmaNumbers.Tf32Pairs, left, right, MmaTile.Paired);
        }
        foreach (var tile in new[] { MmaTile.Large, MmaTile.Medium, MmaTile.Small })
            yield return Case(80, MmaNumbers.Float16, MmaSource.Patches, MmaSource.Rows, tile, moments: true);
        yield return Case(80, MmaNumbers.Tf32, MmaSource.Patches, MmaSource.Rows, MmaTile.Large, moments: true);
        yield return Case(80, MmaNumbers.Tf32Pairs, MmaSource.Patches, MmaSource.Rows, MmaTile.Paired, moments: true);
        // What tuning tries too.
        foreach (var tile in new[] { MmaTile.Medium, MmaTile.Small })
            yield return Case(86, MmaNumbers.Float16, MmaSource.Patches, MmaSource.Rows, tile with { Stages = 3 });
        yield return Case(86, MmaNumbers.Tf32Pairs, MmaSource.Rows, MmaSource.Rows, MmaTile.Paired with { Stages = 3 });
        foreach (var architecture in new[] { 86, 89, 90 })
        {
            yield return Case(architecture, MmaNumbers.BFloat16, MmaSource.Patches, MmaSource.Rows, MmaTile.Large);
            yield return Case(architecture, MmaNumbers.Float16, MmaSource.Gathered, MmaSource.Rows, MmaTile.Medium);
            yield return Case(architecture, MmaNumbers.Float16, MmaSource.Columns, MmaSource.Pixels, MmaTile.Large);
            yield return Case(architecture, MmaNumbers.Tf32, MmaSource.Patches, MmaSource.Rows, MmaTile.Medium);
            yield return Case(architecture, MmaNumbers.Tf32Pairs, MmaSource.Rows, MmaSource.Rows, MmaTile.Small);
        }
    }

    private static TestCaseData Case(
        int architecture, MmaNumbers numbers, MmaSource left, MmaSource right, MmaTile tile, bool wide = true,
        bool moments = false)
    {
        var variant = new MmaVariant(numbers, left, right, wide, wide, wide, numbers.Stored(), tile)
        {
            HasMoments = moments,
        };
        return new TestCaseData(architecture, variant).SetArgDisplayNames($"sm_{architecture}", $"{variant}");
    }

    [TestCaseSource(nameof(Variants))]
    public void Stays_in_registers(int architecture, MmaVariant variant)
    {
        var kernel = MmaProduct.Kernel(variant);
        var text = kernel.For(architecture).Text;
        Assert.That(kernel.SharedFor(architecture), Is.EqualTo(variant.Tile.SharedBytes).And.AtMost(99 * 1024));
        if (Assembler.Path is null) Assert.Ignore("there is no ptxas");
        var result = Assembler.Run([text], architecture)[0];
        Assert.That((result.Stack, result.Spills, result.Shared), Is.EqualTo((0, 0, 0)));
        Assert.That(result.Registers, Is.AtMost(Budget(variant)));
        var operations = Assembler.Operations(text, architecture);
        Assert.That(operations.GetValueOrDefault(Multiply), Is.EqualTo(Count(text, "mma.sync")));
        Assert.That(operations.GetValueOrDefault(LoadMatrix), Is.EqualTo(Count(text, "ldmatrix")));
        Assert.That(operations.GetValueOrDefault(CopyAsync), Is.EqualTo(Count(text, ".shared.global [")));
        Assert.That(operations.Keys, Has.None.EqualTo(LoadLocal).And.None.EqualTo(StoreLocal));
    }

    // Blocks of 256 threads fit once, of 128 twice and, with small tiles, three times.
    private static int Budget(MmaVariant variant) => variant.Tile.Columns == MmaTile.Small.Columns ? 168 : 255;

    private static int Count(string text, string instruction) =>
        (text.Length - text.Replace(instruction, "", StringComparison.Ordinal).Length) / instruction.Length;
}
