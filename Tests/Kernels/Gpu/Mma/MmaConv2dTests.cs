using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Convolutions on the tensor cores, forward and both gradients, against double precision with the same,
/// rounded numbers.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MmaConv2dTests
{
    private static readonly MmaNumbers[] all = Enum.GetValues<MmaNumbers>();

    private static readonly (string Name, Conv2dGeometry Geometry)[] shapes =
    [
        ("3x3", Geometry([1, 7, 10, 16], 24, 3, 1, 1)),
        ("3x3, three channels", Geometry([2, 5, 6, 3], 5, 3, 1, 1)),
        ("1x1", Geometry([2, 4, 9, 40], 16, 1, 1, 0)),
        ("1x1, stride 2", Geometry([1, 6, 9, 8], 8, 1, 2, 0)),
        ("3x3, stride 2", Geometry([2, 8, 7, 8], 16, 3, 2, 1)),
        ("2x2, stride (2, 3)", Geometry([1, 9, 11, 8], 8, 2, (2, 3), 0)),
        ("3x1, dilation 2", Geometry([1, 9, 8, 16], 8, (3, 1), 1, (2, 0), (2, 1))),
        ("two groups", Geometry([1, 6, 5, 32], 32, 3, 1, 1, groups: 2)),
        ("groups of three", Geometry([1, 6, 5, 9], 6, 3, 1, 1, groups: 3)),
        ("wide padding", Geometry([1, 2, 2, 8], 8, 3, 1, 4)),
    ];

    private static IEnumerable<string> Names => shapes.Select(s => s.Name);

    [Test]
    public void Forward([ValueSource(nameof(all))] MmaNumbers numbers, [ValueSource(nameof(Names))] string shape,
        [Values] bool adds)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var g = shapes.First(s => s.Name == shape).Geometry;
        var x = MmaLab.Make(numbers, 1, [g.Batch, g.Height, g.Width, g.Channels], device);
        var weight = Weight(numbers, g, device);
        var bias = adds ? MmaLab.Make(numbers, 3, [g.Filters], device) : null;
        var residual = adds ? MmaLab.Make(numbers, 4, g.OutShape, device) : null;
        var y = Tensor.Empty(g.OutShape, numbers.Stored(), device);
        Conv2d.ForwardMma(device, new()
        {
            Input = x.View,
            Weight = weight.View,
            Bias = bias?.View ?? default,
            Residual = residual?.View ?? default,
            Output = y.View,
            Geometry = g,
        }, numbers, MmaTile.Small);
        Tensor Reference(Tensor x, Tensor w, Tensor? b, Tensor? r) =>
            x.Conv2d(w, b, g.Stride, g.Padding, g.Dilation, g.Groups, r);
        MmaLab.Compare(numbers, y, g.Taps * g.GroupChannels, Reference, x, weight, bias, residual);
    }

    [Test]
    public void InputGradient([ValueSource(nameof(all))] MmaNumbers numbers, [ValueSource(nameof(Names))] string shape)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var g = shapes.First(s => s.Name == shape).Geometry;
        var dy = MmaLab.Make(numbers, 1, g.OutShape, device);
        var weight = Weight(numbers, g, device);
        var dx = Tensor.Empty([g.Batch, g.Height, g.Width, g.Channels], numbers.Stored(), device);
        Conv2d.InputGradientMma(device, new()
        {
            Input = dy.View,
            Weight = weight.View,
            Output = dx.View,
            Geometry = g,
        }, numbers, MmaTile.Small);
        MmaLab.Compare(numbers, dx, g.Taps * g.GroupFilters, (dy, w, _, _) =>
            Convolutions.InputGradient(dy, w, null, g, false), dy, weight);
    }

    [Test]
    public void WeightGradient(
        [ValueSource(nameof(all))] MmaNumbers numbers, [ValueSource(nameof(Names))] string shape)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var g = shapes.First(s => s.Name == shape).Geometry;
        var x = MmaLab.Make(numbers, 1, [g.Batch, g.Height, g.Width, g.Channels], device);
        var dy = MmaLab.Make(numbers, 2, g.OutShape, device);
        // The gradient of a float32 weight is float32.
        var dWeight = Tensor.Empty(WeightShape(g), DType.Float32, device);
        Conv2d.WeightGradientMma(device, new(x.View, dy.View, dWeight.View, g), numbers, MmaTile.Small);
        MmaLab.Compare(numbers, dWeight, g.Batch * g.OutHeight * g.OutWidth, (x, dy, _, _) =>
            Convolutions.WeightGradient(x, dy, g, x.DType), x, dy);
    }

    private static Shape WeightShape(Conv2dGeometry g) => [g.Filters, g.GroupChannels, g.Kernel.H, g.Kernel.W];

    private static Tensor Weight(MmaNumbers numbers, Conv2dGeometry g, Device device) =>
        MmaLab.Make(numbers, 2, WeightShape(g), device);

    private static Conv2dGeometry Geometry(long[] x, long filters, Pair kernel, Pair stride, Pair padding,
        Pair? dilation = null, int groups = 1) => Conv2dGeometry.Of(Shape.Of(x),
            [filters, x[3] / groups, kernel.H, kernel.W], stride, padding, dilation ?? 1, groups);
}
