using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>Products by warpgroups against double precision with the same, rounded numbers.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HopperProductTests
{
    private static readonly HopperTile[] tiles = [HopperTile.Small, HopperTile.Medium, HopperTile.Large];

    private static readonly HopperConvolution[] convolutions =
    [
        new(1, 16, 16, 72, 40) { Adds = true },
        new(3, 8, 8, 64, 64),
        new(2, 5, 7, 40, 72),
        new(1, 20, 12, 64, 64) { Dilation = 2, Padding = 2 },
        new(1, 9, 8, 128, 128) { Groups = 2, Adds = true },
        new(1, 4, 4, 64, 64) { Padding = 4 },
        new(2, 10, 6, 64, 64) { Kernel = new(3, 1), Padding = new(2, 0), Dilation = new(2, 1) },
        new(1, 3, 130, 40, 64) { Kernel = new(1, 2), Padding = 0 },
    ];

    // Both edges are inside a tile, and there are more slices than stages.
    [Test]
    public void Matrices_agree_with_float64([ValueSource(nameof(tiles))] HopperTile tile, [Values] bool transposeA,
        [Values] bool transposeB) =>
        Check(new HopperMatrices(136, tile.Columns + 24, 64 * tile.Stages + 40)
        {
            TransposeA = transposeA,
            TransposeB = transposeB,
        }, transposeA ? MmaNumbers.BFloat16 : MmaNumbers.Float16, tile);

    [Test]
    public void Whatever_is_added_is_added([Values(DType.Float32, null)] DType? result, [Values] bool halfBias,
        [Values(72, 67)] int columns, [Values(72, 1104)] int depth) => Check(new HopperMatrices(67, columns, depth)
        {
            TransposeB = true,
            Adds = true,
            HalfBias = halfBias,
            Result = result,
        }, halfBias ? MmaNumbers.BFloat16 : MmaNumbers.Float16);

    [Test]
    public void Batches_share_operands([Values] bool sharesA, [Values] bool sharesB) =>
        Check(new HopperMatrices(72, 40, 72)
        {
            Batch = 3,
            SharesA = sharesA,
            SharesB = sharesB,
        }, MmaNumbers.Float16);

    [Test]
    public void Sums_come_out_the_same_every_time([Values(200, 2048)] int depth)
    {
        var product = new HopperMatrices(130, 72, depth);
        var first = Check(product, MmaNumbers.Float16);
        Assert.That(Check(product, MmaNumbers.Float16), Is.EqualTo(first));
    }

    [Test]
    public void Convolutions_agree_with_float64([ValueSource(nameof(convolutions))] HopperConvolution convolution) =>
        Assert.That(convolution.Forward(new SimDevice(90), MmaNumbers.BFloat16, HopperTile.Small), Is.Null);

    [Test]
    public void Gradients_of_inputs_agree_with_float64(
        [ValueSource(nameof(convolutions))] HopperConvolution convolution) =>
        Assert.That(convolution.InputGradient(new SimDevice(90), MmaNumbers.Float16, HopperTile.Small), Is.Null);

    [Test]
    public void Gradients_of_weights_agree_with_float64(
        [ValueSource(nameof(convolutions))] HopperConvolution convolution) =>
        Assert.That(convolution.WeightGradient(new SimDevice(90), MmaNumbers.Float16, HopperTile.Small), Is.Null);

    [Test]
    public void Convolutions_with_larger_tiles_agree_with_float64([Values(1, 2)] int tile)
    {
        var convolution = new HopperConvolution(1, 12, 16, 72, 136) { Adds = true };
        Assert.That(convolution.Forward(new SimDevice(90), MmaNumbers.Float16, tiles[tile]), Is.Null);
        Assert.That(convolution.WeightGradient(new SimDevice(90), MmaNumbers.BFloat16, tiles[tile]), Is.Null);
    }

    private static double[] Check(HopperMatrices product, MmaNumbers numbers, HopperTile? tile = null)
    {
        var (result, error) = product.Run(new SimDevice(90), numbers, tile);
        Assert.That(error, Is.Null);
        return result;
    }
}
