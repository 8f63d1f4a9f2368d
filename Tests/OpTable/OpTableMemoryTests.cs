using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Operations release what they need on the way, even where nobody opened a scope.</summary>
[NonParallelizable]
public sealed class OpTableMemoryTests
{
    private static readonly CpuDevice device = new(1);

    [Test]
    public void Nothing_is_left_but_the_result([Values] bool recorded)
    {
        // One row for each way of calling an operation, in float32 and, for what is cast on the way, float16.
        var rows = Cases.OpTable.All.Where(r => !r.Large).GroupBy(r => (r.Op, r.Call)).Select(g => g.Last());
        var leaks = rows.SelectMany(row => row.DTypes.Intersect([DType.Float32, DType.Float16])
            .Where(dtype => Leaks(row, dtype, recorded)).Select(dtype => $"{row} {dtype}")).ToList();
        Assert.That(leaks, Is.Empty);
    }

    [Test]
    public void Calls_that_convert_release_what_they_converted()
    {
        using var x = Tensor.Arange(6, device: device);
        using var wide = Tensor.Ones([6], DType.Float64, device);
        using var mask = Tensor.Ones([6], DType.Bool, device);
        Func<Tensor>[] calls =
        [
            () => x + wide, () => x + 1, () => 1 - x, () => x + 0.5, () => x / x, () => x / 2, () => 2 / x, () => -x,
            () => x.Abs(), () => x.Clamp(1, 3), () => x.Exp(), () => x.Mean(), () => x.Var(), () => x.Norm2(),
            () => x.Max(), () => x.Equal(3), () => x.Less(wide), () => x.Less(0.5), () => mask & mask, () => !mask,
            () => Tensor.Where(mask, x, wide), () => Tensor.Where(mask, x, 0.5), () => Tensor.Where(mask, 2, x),
            () => Tensor.Concat(0, x, wide), () => Tensor.Rand([3], new Generator(1), DType.Float16, device),
            () => Tensor.RandInt(0, 9, [3], new Generator(1), DType.Int32, device), () => Tensor.Eye(3, device: device),
            () => Tensor.Linspace(0, 1, 5, DType.BFloat16, device),
            () => x.Dropout(1, new Generator(1), training: true),
        ];
        for (var i = 0; i < calls.Length; i++)
        {
            var before = device.Memory.LiveBlocks;
            calls[i]().Dispose();
            Assert.That(device.Memory.LiveBlocks, Is.EqualTo(before), $"call {i}");
        }
    }

    private static bool Leaks(OpCase row, DType dtype, bool recorded)
    {
        var before = device.Memory.LiveBlocks;
        var inputs = row.Make(dtype, Layout.Dense, device);
        foreach (var input in inputs)
            if (recorded && input is not null && input.DType.IsFloating()) input.RequiresGrad = true;
        row.Run(inputs).Dispose();
        foreach (var input in inputs) input?.Dispose();
        return device.Memory.LiveBlocks != before;
    }
}
