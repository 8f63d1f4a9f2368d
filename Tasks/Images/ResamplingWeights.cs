namespace Diffract.Tasks;

/// <summary>For every pixel of a resized row, which source pixels it covers and with what weights, in fixed point with
/// <see cref="Bits"/> fractional bits.</summary>
/// <remarks>The arithmetic is Pillow's, so that results are the same to the bit: with scale = from / to and
/// f = max(1, scale), pixel i has its centre at (i + 0.5) * scale and covers what lies within radius * f of it; source
/// pixel j weighs kernel((j + 0.5 - centre) / f), the weights of a pixel are brought to the sum 1 in doubles and then
/// rounded, halves away from zero.</remarks>
internal sealed class ResamplingWeights
{
    /// <summary>Fractional bits: 32 less 8 for the sample and 2 for weights outside [0, 1].</summary>
    public const int Bits = 32 - 8 - 2;

    private readonly int[] weights;
    private readonly (int First, int Count)[] spans;
    private readonly int stride;

    public ResamplingWeights(int from, int to, Resampling kernel)
    {
        var scale = (double)from / to;
        var stretch = Math.Max(1.0, scale);
        var reach = Radius(kernel) * stretch;
        var shrink = 1.0 / stretch;
        stride = (int)Math.Ceiling(reach) * 2 + 1;
        (weights, spans) = (new int[checked(to * stride)], new (int, int)[to]);
        Span<double> exact = new double[stride];
        for (var i = 0; i < to; i++)
        {
            var centre = (i + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - reach + 0.5));
            var count = Math.Min(from, (int)(centre + reach + 0.5)) - first;
            var sum = 0.0;
            for (var k = 0; k < count; k++) sum += exact[k] = Kernel(kernel, (k + first - centre + 0.5) * shrink);
            for (var k = 0; k < count; k++)
            {
                var weight = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << Bits);
                weights[i * stride + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            spans[i] = (first, count);
        }
    }

    /// <summary>The weights of pixel <paramref name="i"/>, and the first source pixel they belong to.</summary>
    public ReadOnlySpan<int> Of(int i, out int first)
    {
        (first, var count) = spans[i];
        return weights.AsSpan(i * stride, count);
    }

    private static double Radius(Resampling kernel) => kernel switch
    {
        Resampling.Box => 0.5,
        Resampling.Bilinear => 1,
        Resampling.Bicubic => 2,
        Resampling.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(kernel), kernel, "unknown resampling"),
    };

    private static double Kernel(Resampling kernel, double x) => kernel switch
    {
        Resampling.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        Resampling.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        Resampling.Bicubic => Cubic(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    private static double Cubic(double x)
    {
        const double a = -0.5;
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
            : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
