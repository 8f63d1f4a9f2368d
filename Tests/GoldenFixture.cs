using System.Text.Json;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>One golden fixture, opened: inputs to read, and results to compare. It remembers what was compared, so that
/// a test can insist on every tensor.</summary>
internal sealed class GoldenFixture : IDisposable
{
    // Where the manifest gives no tolerance for floats: double-precision tables.
    private const double TableTolerance = 1e-10;

    private readonly string name;
    private readonly TensorFile file;
    private readonly HashSet<string> used = [];

    public GoldenFixture(string name)
    {
        this.name = name;
        Meta = Goldens.Meta(name);
        file = TensorFile.Open(Goldens.File($"{name}.safetensors"));
    }

    public JsonElement Meta { get; }

    public IEnumerable<string> Names => file.Keys;

    /// <summary>A tensor as it is stored; it belongs to the fixture.</summary>
    public Tensor this[string tensor]
    {
        get
        {
            used.Add(tensor);
            return file[tensor];
        }
    }

    /// <summary>A batch of images [N, C, H, W], or of tokens [N, C, T], as the library wants it: channels last.
    /// </summary>
    public Tensor Images(string tensor)
    {
        var shape = this[tensor].Shape;
        var moved = Move(Values(this[tensor]), shape.Int(0), shape.Int(1), Positions(shape[2..]));
        return Tensor.From(moved.Select(v => (float)v).ToArray(), ChannelsLast(shape));
    }

    /// <summary>The elements of any numeric tensor.</summary>
    public static double[] Values(Tensor tensor) => tensor.DType switch
    {
        DType.Float64 => tensor.ToArray<double>(),
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), v => (double)v),
        DType.Int64 => Array.ConvertAll(tensor.ToArray<long>(), v => (double)v),
        DType.UInt8 => Array.ConvertAll(tensor.ToArray<byte>(), v => (double)v),
        _ => throw new NotSupportedException($"{tensor.DType}"),
    };

    /// <summary>Compares a result with the stored one, within the manifest's tolerance; integers exactly.</summary>
    public void Check(string tensor, Tensor actual)
    {
        Assert.That(actual.Count, Is.EqualTo(file[tensor].Count), $"{tensor}: number of elements");
        Check(tensor, Values(actual));
    }

    /// <summary>Compares a batch of images [N, H, W, C], or of tokens, with a stored [N, C, H, W].</summary>
    public void CheckImages(string tensor, Tensor actual)
    {
        var shape = actual.Shape;
        Assert.That(shape, Is.EqualTo(ChannelsLast(file[tensor].Shape)), tensor);
        Check(tensor, Move(Values(actual), shape.Int(0), Positions(shape[1..^1]), shape.Int(-1)));
    }

    public void Check(string tensor, ReadOnlySpan<double> actual)
    {
        used.Add(tensor);
        var expected = Values(file[tensor]);
        Assert.That(actual.Length, Is.EqualTo(expected.Length), tensor);
        var (absolute, relative) = Goldens.Tolerance(name, tensor);
        if (file[tensor].DType.IsFloating() && absolute == 0) (absolute, relative) = (0, TableTolerance);
        var (worst, at) = (0.0, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            if (actual[i].Equals(expected[i])) continue;
            var allowed = absolute + relative * Math.Abs(expected[i]);
            var share = Math.Abs(actual[i] - expected[i]) / allowed;
            if (share <= worst) continue;
            (worst, at) = (double.IsNaN(share) ? double.PositiveInfinity : share, i);
        }
        Assert.That(worst, Is.LessThanOrEqualTo(1), $"{name} {tensor}[{at}]: found {actual[at]:R}, expected "
            + $"{expected[at]:R}; error as a share of the tolerance");
    }

    /// <summary>Fails when a tensor of the fixture was neither read nor compared.</summary>
    public void AssertAllUsed() => Assert.That(Names.Except(used), Is.Empty, $"tensors of {name} that no check used");

    public void Dispose() => file.Dispose();

    private static Shape ChannelsLast(Shape shape) => Shape.Of([shape[0], .. shape[2..], shape[1]]);

    private static int Positions(Shape axes) => checked((int)axes.Count);

    private static double[] Move(double[] values, int count, int rows, int columns)
    {
        var moved = new double[values.Length];
        for (var n = 0; n < count; n++)
            for (var r = 0; r < rows; r++)
                for (var c = 0; c < columns; c++)
                    moved[(n * columns + c) * rows + r] = values[(n * rows + r) * columns + c];
        return moved;
    }
}
