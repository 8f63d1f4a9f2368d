using System.Text;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>Numbers that are the same in every compared program: an integer hash of a tensor's name and an element's
/// index in PyTorch's layout. A tensor of two and more axes is uniform with the variance 1 / (elements of one row along
/// its first axis); one axis means a norm or a bias: weights are near 1, everything else is near 0. Inputs have
/// variance 1.</summary>
internal static class PeerNumbers
{
    private static readonly double unitVariance = Math.Sqrt(3);

    /// <summary>A parameter of PyTorch's shape.</summary>
    public static Tensor Parameter(string name, params int[] shape)
    {
        var tensor = Tensor.Empty(Shape.Of([.. shape.Select(length => (long)length)]));
        if (shape.Length > 1) Fill(tensor, name, Math.Sqrt(3.0 * shape[0] / tensor.Count), 0);
        else Fill(tensor, name, 0.1, name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
        return tensor;
    }

    /// <summary>Fills a module.</summary>
    public static void Assign(Module module)
    {
        foreach (var (name, parameter) in module.State())
        {
            var axes = Enumerable.Range(0, parameter.Shape.Rank);
            using var values = Parameter(name, [.. axes.Select(parameter.Shape.Int)]);
            parameter.Assign(values);
        }
    }

    /// <summary>An input.</summary>
    public static Tensor Data(string name, params int[] shape)
    {
        var tensor = Tensor.Empty(Shape.Of([.. shape.Select(length => (long)length)]));
        Fill(tensor, name, unitVariance, 0);
        return tensor;
    }

    /// <summary>Pictures [N, H, W, C], or tokens [N, T, C], whose elements are numbered as PyTorch's [N, C, …] are.
    /// </summary>
    /// <param name="name">The input's name.</param>
    /// <param name="scale">Numbers lie between minus this and this; the variance is 1 when left out.</param>
    /// <param name="batch">N.</param>
    /// <param name="channels">C.</param>
    /// <param name="size">H and W, or T.</param>
    public static Tensor Maps(string name, int batch, int channels, ReadOnlySpan<int> size, double? scale = null)
    {
        var tensor = Tensor.Empty(Shape.Of([batch, .. size.ToArray().Select(length => (long)length), channels]));
        var (seed, factor, plane) = (Seed(name), scale ?? unitVariance, (int)(tensor.Count / batch / channels));
        var values = tensor.AsSpan<float>();
        for (var row = 0; row < batch * plane; row++)
            for (var c = 0; c < channels; c++)
                values[row * channels + c] =
                    (float)(factor * Unit(seed, (uint)((row / plane * channels + c) * plane + row % plane)));
        return tensor;
    }

    private static void Fill(Tensor tensor, string name, double scale, double offset)
    {
        var seed = Seed(name);
        var values = tensor.AsSpan<float>();
        for (var i = 0; i < values.Length; i++) values[i] = (float)(offset + scale * Unit(seed, (uint)i));
    }

    /// <summary>FNV-1a.</summary>
    private static uint Seed(string name) =>
        Encoding.UTF8.GetBytes(name).Aggregate(2166136261u, (hash, value) => (hash ^ value) * 16777619u);

    private static double Unit(uint seed, uint index)
    {
        var x = index * 2654435761u + seed;
        x = (x ^ (x >> 15)) * 2246822519u;
        x = (x ^ (x >> 13)) * 3266489917u;
        x = (x ^ (x >> 16)) * 668265263u;
        return (x ^ (x >> 15)) / 2147483648.0 - 1;
    }
}
