using System.Text;

namespace Diffract.Peers;

/// <summary>Numbers that are the same in every worker: an integer hash of a tensor's name and an element's index.
/// See <c>pytorch/fill.py</c>.</summary>
internal static class Numbers
{
    /// <summary>An input of variance 1.</summary>
    public static void FillData(Span<float> values, string name) => Fill(values, name, Math.Sqrt(3), 0);

    /// <summary>A parameter: uniform with the variance 1 / (elements of one row along its first axis); one axis means
    /// a norm or a bias, near 1 for weights and near 0 for anything else.</summary>
    public static void FillParameter(Span<float> values, string name, ReadOnlySpan<long> shape)
    {
        if (shape.Length > 1) Fill(values, name, Math.Sqrt(3.0 * shape[0] / values.Length), 0);
        else Fill(values, name, 0.1, name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
    }

    /// <summary>offset + scale u, u uniform in [-1, 1).</summary>
    public static void Fill(Span<float> values, string name, double scale, double offset)
    {
        // FNV-1a.
        var seed = Encoding.UTF8.GetBytes(name).Aggregate(2166136261u, (hash, value) => (hash ^ value) * 16777619u);
        for (var i = 0; i < values.Length; i++)
        {
            var x = (uint)i * 2654435761u + seed;
            x = (x ^ (x >> 15)) * 2246822519u;
            x = (x ^ (x >> 13)) * 3266489917u;
            x = (x ^ (x >> 16)) * 668265263u;
            values[i] = (float)(offset + scale * ((x ^ (x >> 15)) / 2147483648.0 - 1));
        }
    }
}
