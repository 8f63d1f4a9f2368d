using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>NVIDIA's assembler keeps every variant of the products in registers.</summary>
internal sealed class MmaTextTests
{
    [Test]
    public void Look()
    {
        var variants = new List<MmaVariant>();
        foreach (var numbers in Enum.GetValues<MmaNumbers>())
            foreach (var tile in numbers == MmaNumbers.Tf32Pairs ? [MmaTile.Paired, MmaTile.Small]
                : new[] { MmaTile.Large, MmaTile.Medium, MmaTile.Small })
            {
                var type = numbers.Stored();
                foreach (var (left, right) in new[] { (MmaSource.Rows, MmaSource.Rows),
                    (MmaSource.Rows, MmaSource.Columns), (MmaSource.Columns, MmaSource.Columns),
                    (MmaSource.Patches, MmaSource.Rows), (MmaSource.Gathered, MmaSource.Rows),
                    (MmaSource.Columns, MmaSource.Pixels) })
                    foreach (var wide in new[] { true, false })
                        variants.Add(new(numbers, left, right, wide, wide, wide, type, tile));
            }
        Parallel.ForEach(variants, v =>
        {
            try
            {
                var r = Assembler.Run([MmaProduct.Kernel(v).For(80).Text], 80)[0];
                TestContext.Out.WriteLine($"{v}: {r}");
            }
            catch (Exception e)
            {
                TestContext.Out.WriteLine($"{v}: {e.Message}");
            }
        });
    }
}
