using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tests.Model;

/// <summary>Weights and a picture that a few lines of NumPy make too.</summary>
internal static class InceptionWeights
{
    /// <summary>A state dict without the numbers of batches. Element i of tensor n, both counted as the state dict has
    /// them, n from 1, is u = hash(i, n) in [-1, 1), scaled: convolutions and the last weights by sqrt(6 / fan in),
    /// gains 1 + u / 4, variances 1 + u / 2, offsets and means u / 4.</summary>
    public static Dictionary<string, Tensor> Of(InceptionV3 network)
    {
        var state = new Dictionary<string, Tensor>();
        var number = 0UL;
        foreach (var (name, parameter) in network.State())
        {
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal)) continue;
            var shape = parameter.Shape;
            var (offset, scale) = name switch
            {
                _ when name.EndsWith("bn.weight", StringComparison.Ordinal) => (1.0, 0.25),
                _ when name.EndsWith("running_var", StringComparison.Ordinal) => (1, 0.5),
                _ when shape.Rank == 1 => (0, 0.25),
                _ => (0, Math.Sqrt(6.0 / (shape.Count / shape[0]))),
            };
            number++;
            var values = new float[shape.Count];
            for (var i = 0; i < values.Length; i++) values[i] = (float)(offset + scale * Unit(number, (ulong)i));
            state.Add(name, Scope.Detach(Tensor.From(values, shape)));
        }
        return state;
    }

    /// <summary>[size, size, 3].</summary>
    public static byte[] Picture(int size) => [.. Enumerable.Range(0, size * size * 3)
        .Select(at => (Y: at / 3 / size, X: at / 3 % size, C: at % 3))
        .Select(p => (byte)(p.X * (p.Y + 3 * p.C) / 5 + 37 * p.C + (p.X * 7 + p.Y * 13) % 11))];

    private static double Unit(ulong tensor, ulong element)
    {
        var z = unchecked(element * 0x9E3779B97F4A7C15 + tensor * 0xD1B54A32D192ED03);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return ((z ^ (z >> 31)) >> 40) / (double)(1 << 23) - 1;
    }
}
