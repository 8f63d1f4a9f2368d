using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Sums over the channels of a convolution's result that are made while it is written, against those of the
/// numbers that were written, in double precision.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MomentsTests
{
    // Half a tile at the end, and columns that end within a tile, within eight of a thread, and within its pair.
    [Test]
    public void Agree_with_what_was_written([Values] MmaNumbers numbers, [Values(40, 67)] int filters,
        [Values] bool adds)
    {
        if (numbers == MmaNumbers.Tf32Pairs && filters == 67) return;
        Assert.That(MomentsLab.Error(new SimDevice(), numbers, [3, 4, 8, 16], filters, adds, MmaTile.Small), Is.Null);
    }

    [Test]
    public void Larger_tiles_have_them_too([Values(0, 1, 2)] int tile) => Assert.That(MomentsLab.Error(new SimDevice(),
        tile == 2 ? MmaNumbers.Tf32Pairs : MmaNumbers.Float16, [3, 8, 8, 8], 136, true,
        new[] { MmaTile.Large, MmaTile.Medium, MmaTile.Paired }[tile]), Is.Null);

    [TestCase(1, 16, 16, 40)]
    [TestCase(3, 8, 8, 72)]
    [TestCase(2, 4, 32, 33)]
    public void Warpgroups_have_them_too(int images, int height, int width, int filters) =>
        Assert.That(MomentsLab.Error(
            new SimDevice(90), MmaNumbers.BFloat16, [images, height, width, 40], filters, true), Is.Null);

    [Test]
    public void Matrices_have_them_too([Values(80, 90)] int architecture)
    {
        using var scope = Scope.Open();
        var device = new SimDevice(architecture);
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [3, 64, 64], device);
        var y = x.Linear(MmaLab.Make(MmaNumbers.Float16, 2, [72, 64], device), null,
            MmaLab.Make(MmaNumbers.Float16, 3, [3, 64, 72], device), feedsNorm: true);
        Assert.That(MomentsLab.Error(y), Is.Null);
    }

    // All columns of the largest tile, more than a warpgroup has threads.
    [Test]
    public void Wide_tiles_of_warpgroups_have_them_too()
    {
        using var scope = Scope.Open();
        var (device, type) = (new SimDevice(90), DType.Float16);
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [3, 64, 64], device);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [232, 64], device);
        var y = Tensor.Empty([3, 64, 232], type, device);
        var sums = Tensor.Empty([3, 2, 232], DType.Float64, device);
        var product = new MmaVariant(
            MmaNumbers.Float16, MmaSource.Rows, MmaSource.Rows, true, true, false, type, MmaTile.Small);
        var side = new MmaSide { Lead = 64, Depth = 64 };
        var sizes = new MmaSizes
        {
            Left = side,
            Right = side,
            LeadResult = 232,
            Rows = 192,
            Columns = 232,
            Segments = 1,
            Slices = 1,
            Alpha = 1,
        };
        var wish = new ChannelSums(sums.View, 64);
        HopperProduct.Run(device, HopperCut.Of(HopperTile.Large, product, sizes), product, sizes, 1, x.View,
            weight.View, y.View, wish: wish);
        Assert.That(wish.IsFilled);
        Assert.That(MomentsLab.Error(MmaLab.Doubles(y), sums.ToArray<double>(), 3, 64, 232), Is.Null);
    }

    [Test]
    public void A_mean_far_from_zero_costs_no_accuracy([Values(80, 90)] int architecture)
    {
        using var scope = Scope.Open();
        var device = new SimDevice(architecture);
        var x = MmaLab.Make(MmaNumbers.BFloat16, 1, [1, 8, 8, 40], device);
        var weight = (MmaLab.Make(MmaNumbers.BFloat16, 2, [40, 40, 1, 1], device) * 0.25f).Contiguous();
        var y = x.Conv2d(weight, Tensor.Full([40], 100f, DType.Float32, device), feedsNorm: true);
        Assert.That(MomentsLab.Error(y), Is.Null);
    }

    [Test]
    public void Come_out_the_same_every_time([Values(80, 90)] int architecture)
    {
        double[] Run() => MomentsLab.Run(
            new SimDevice(architecture), MmaNumbers.Float16, [2, 16, 16, 40], 40, true).Sums;
        Assert.That(Run(), Is.EqualTo(Run()));
    }

    private static readonly (string Why, Func<Tensor, Tensor, Tensor> Run)[] others =
    [
        ("strips reach over an image's end", (x, w) => x.Slice(1, 0, 6).Conv2d(w, padding: 1, feedsNorm: true)),
        ("no norm reads it", (x, w) => x.Conv2d(w, padding: 1)),
        ("groups", (x, w) => x.Conv2d(w.Slice(1, 0, 24), padding: 1, groups: 2, feedsNorm: true)),
        ("only a part of it", (x, w) => x.Conv2d(w, padding: 1, feedsNorm: true).Slice(0, 0, 1)),
        ("other channels", (x, w) => x.Conv2d(w, padding: 1, feedsNorm: true).Reshape([2, 128, 24])),
        ("other samples", (x, w) => x.Conv2d(w, padding: 1, feedsNorm: true).Reshape([4, 32, 48])),
        ("copied", (x, w) => x.Conv2d(w, padding: 1, feedsNorm: true).Clone()),
        ("written over", (x, w) =>
        {
            var y = x.Conv2d(w, padding: 1, feedsNorm: true);
            y.Assign(y * 2);
            return y;
        }),
        ("taken by a norm", (x, w) => x.Conv2d(w, padding: 1, feedsNorm: true).GroupNorm(8, null, null, inPlace: true)),
        ("taken by another convolution", (x, w) =>
        {
            var y = x.Conv2d(w, padding: 1, feedsNorm: true);
            return x.Conv2d(w, padding: 1, residual: y, intoResidual: true);
        }),
        ("joined with what has none", (x, w) => Tensor.Concat(-1, x, x.Conv2d(w, padding: 1, feedsNorm: true))),
        ("joined along another axis", (x, w) =>
        {
            var y = x.Conv2d(w, padding: 1, feedsNorm: true);
            return Tensor.Concat(0, y, y);
        }),
    ];

    private static IEnumerable<string> Whys => others.Select(o => o.Why);

    [TestCaseSource(nameof(Whys))]
    public void Are_not_there_where_they_would_be_wrong(string why)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [2, 8, 8, 48], device);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [48, 48, 3, 3], device);
        var y = others.First(o => o.Why == why).Run(x, weight);
        Assert.That(ChannelMoments.Of(y).Exists, Is.False);
        var norm = y.GroupNorm(4, null, null);
        Assert.That(MmaLab.Doubles(norm), Is.EqualTo(MmaLab.Doubles(y.Clone().GroupNorm(4, null, null))));
    }

    [Test]
    public void Stay_with_all_of_a_result()
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [2, 8, 8, 16], device);
        Tensor Convolve(int seed, int filters, Tensor? residual = null) =>
            x.Conv2d(MmaLab.Make(MmaNumbers.Float16, seed, [filters, 16, 3, 3], device), padding: 1,
                residual: residual, intoResidual: true, feedsNorm: true);
        var y = Convolve(2, 40);
        Assert.That(MomentsLab.Error(y.Reshape([2, 64, 40])), Is.Null, "another shape");
        Assert.That(MomentsLab.Error(y.Detach()), Is.Null, "detached");
        Assert.That(MomentsLab.Error(Tensor.Concat(-1, y, Convolve(3, 24))), Is.Null, "joined");
        Assert.That(MomentsLab.Error(Convolve(4, 24, Convolve(5, 24))), Is.Null, "with a residual in its memory");
    }

    // With a mean and a variance apart by what rounding leaves, and backward from the statistics that were used.
    [Test]
    public void A_norm_gives_the_same_as_with_a_pass_of_its_own([Values(80, 90)] int architecture)
    {
        using var scope = Scope.Open();
        var device = new SimDevice(architecture);
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [2, 8, 8, 40], device);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [48, 40, 3, 3], device);
        weight.RequiresGrad = true;
        var results = new[] { true, false }.Select(feedsNorm =>
        {
            weight.Grad = null;
            var y = x.Conv2d(weight, padding: 1, feedsNorm: feedsNorm);
            Assert.That(ChannelMoments.Of(y).Exists, Is.EqualTo(feedsNorm));
            var norm = y.GroupNorm(8, null, null, silu: true);
            (norm * norm).Sum().Backward();
            return (MmaLab.Doubles(norm), MmaLab.Doubles(weight.Grad!));
        }).ToList();
        var (one, other) = (results[0], results[1]);
        // The bits of float16 numbers up to 4.
        Assert.That(one.Item1.Zip(other.Item1, (a, b) => Math.Abs(a - b)).Max(), Is.AtMost(Math.Pow(2, -9)));
        Assert.That(one.Item2.Zip(other.Item2, (a, b) => Math.Abs(a - b)).Max(),
            Is.AtMost(4e-3 * other.Item2.Max(Math.Abs)));
    }
}
