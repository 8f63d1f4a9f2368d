using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.Engine.Cuda;
using Diffract.Tests.Kernels.Gpu.Mma;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>Which products go to warpgroups: what tensor maps can describe and is large enough, on the one chip.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HopperChoiceTests
{
    [TestCase(true, 64, 64, 64)]
    [TestCase(true, 1000, 40, 512)]
    [TestCase(false, 63, 64, 64, Description = "few rows")]
    [TestCase(false, 64, 24, 64, Description = "few columns")]
    [TestCase(false, 64, 64, 24, Description = "hardly a slice")]
    [TestCase(false, 64, 64, 68, Description = "rows that are no multiples of 16 bytes")]
    public void Matrices_by_their_shape(bool takes, int rows, int columns, int depth) => Assert.That(
        IsTaken(device => Multiply(device, rows, columns, depth)), Is.EqualTo(takes));

    [TestCase(true, 8, 64, 64, 1, 1)]
    [TestCase(false, 16, 64, 64, 2, 1, Description = "a stride")]
    [TestCase(false, 8, 12, 64, 1, 1, Description = "pixels that are no multiples of 16 bytes")]
    [TestCase(true, 8, 128, 128, 1, 2)]
    [TestCase(false, 9, 64, 64, 1, 1, Description = "boxes that are mostly empty")]
    public void Convolutions_by_their_shape(bool takes, int size, int channels, int filters, int stride, int groups) =>
        Assert.That(IsTaken(device =>
        {
            var g = Conv2dGeometry.Of([1, size, size, channels], [filters, channels / groups, 3, 3], stride, 1, 1,
                groups);
            var x = MmaLab.Make(MmaNumbers.Float16, 1, [1, size, size, channels], device.Sim);
            var weight = MmaLab.Make(MmaNumbers.Float16, 2, [filters, channels / groups, 3, 3], device.Sim);
            var y = Tensor.Empty(g.OutShape, DType.Float16, device.Sim);
            Conv2d.ForwardMma(device, new()
            {
                Input = x.View,
                Weight = weight.View,
                Output = y.View,
                Geometry = g,
            }, MmaNumbers.Float16);
            MmaLab.Compare(MmaNumbers.Float16, y, 9 * channels / groups,
                (x, w, _, _) => x.Conv2d(w, null, stride, 1, 1, groups), x, weight);
        }), Is.EqualTo(takes));

    [Test]
    public void Only_one_architecture_has_them([Values(80, 90, 100)] int architecture) => Assert.That(
        IsTaken(device => Multiply(device, 64, 64, 64), architecture), Is.EqualTo(architecture == 90));

    [Test]
    public void A_device_may_do_without() => Assert.That(IsTaken(device =>
    {
        device.UsesWarpgroups = false;
        Multiply(device, 64, 64, 64);
    }), Is.False);

    [Test]
    public void Floats_do_without() =>
        Assert.That(IsTaken(device => Multiply(device, 64, 64, 64, MmaNumbers.Tf32)), Is.False);

    [Test]
    public void A_driver_makes_the_tensor_maps()
    {
        using var driver = new MockDriver { Architecture = 90 };
        using (var gpu = driver.Open())
        {
            using var scope = Scope.Open();
            var a = MmaLab.Make(MmaNumbers.Float16, 1, [72, 136], gpu);
            var b = MmaLab.Make(MmaNumbers.Float16, 2, [64, 136], gpu);
            MmaLab.Compare(MmaNumbers.Float16, a.MatMul(b, false, true), 136, (a, b, _, _) => a.MatMul(b, false, true),
                a, b);
        }
        Assert.That((driver.Report, driver.Count("cuTensorMapEncodeTiled"), driver.Held), Is.EqualTo(("", 2, "")));
    }

    [Test]
    public void A_device_without_tensor_maps_says_so()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        Assert.That(() => gpu.Encode(new TensorMap(TensorMapElement.Float16, 0, [64], [], [64])),
            Throws.TypeOf<DeviceException>().With.Message.Contains("9.0"));
    }

    private static void Multiply(
        PlantingDevice device, int rows, int columns, int depth, MmaNumbers numbers = MmaNumbers.Float16)
    {
        var a = MmaLab.Make(numbers, 1, [rows, depth], device.Sim);
        var b = MmaLab.Make(numbers, 2, [columns, depth], device.Sim);
        var c = Tensor.Empty([rows, columns], numbers.Stored(), device.Sim);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeB = true,
        }, numbers);
        MmaLab.Compare(numbers, c, depth, (a, b, _, _) => a.MatMul(b, false, true), a, b);
    }

    // Whether a kernel of what is run has the instruction.
    private static bool IsTaken(Action<PlantingDevice> run, int architecture = 90)
    {
        using var scope = Scope.Open();
        var isTaken = false;
        run(new PlantingDevice(new SimDevice(architecture), text =>
        {
            isTaken |= text.Contains("wgmma", StringComparison.Ordinal);
            return text;
        }, "Mma.Product", "Hopper.Product"));
        return isTaken;
    }
}
