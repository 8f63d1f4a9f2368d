using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.Kernels.Gpu.Mma;

namespace Diffract.Tests.Kernels.Flash;

/// <summary>One attention of 16-bit numbers, with its result and gradients in double precision from the same numbers,
/// and how far an element may be from them: scores are float32 sums, weights and slopes are rounded to 16 bits before
/// they are multiplied, sums are float32, and what is written is rounded again.</summary>
internal sealed class FlashLab
{
    // A rounding to float32; and the error of powers of two, logarithms and reciprocals, relative.
    private const double Single = 1.0 / (1 << 24), Approximate = 1.0 / (1 << 21);

    private readonly int samples, tokens, heads, width;
    private readonly QkvOrder order;
    private readonly Tensor qkv, dy;
    private readonly double rounding, least;
    private readonly double[] y, yBound, gradient, gradientBound;

    /// <summary>Normal numbers, but for what <paramref name="change"/> does with them; channel c of head h of a token
    /// is at <see cref="Input"/>.</summary>
    public FlashLab(DType type, int samples, int tokens, int heads, int width, QkvOrder order,
        Action<FlashLab, float[]>? change = null)
    {
        (this.samples, this.tokens, this.heads, this.width, this.order) = (samples, tokens, heads, width, order);
        (rounding, least) = type == DType.Float16 ? (Math.Pow(2, -11), Math.Pow(2, -25)) : (Math.Pow(2, -8), 0);
        Shape shape = [samples, tokens, 3 * heads * width];
        var values = OpCompare.Normal(shape, 3).ToArray<float>();
        change?.Invoke(this, values);
        qkv = Tensor.From(values, shape).To(type);
        dy = OpCompare.Normal([samples, tokens, heads * width], 4).To(type);
        (y, yBound) = (new double[dy.Count], new double[dy.Count]);
        (gradient, gradientBound) = (new double[qkv.Count], new double[qkv.Count]);
        for (var n = 0; n < samples; n++) for (var h = 0; h < heads; h++) Expect(n, h);
    }

    /// <summary>Place of a channel of a query (part 0), key or value.</summary>
    public int Input(int n, int t, int h, int part, int c) => (n * tokens + t) * 3 * heads * width + c
        + (order == QkvOrder.Legacy ? (3 * h + part) * width : (part * heads + h) * width);

    /// <summary>The result and the gradient as a device calculates them.</summary>
    public (double[] Y, double[] Gradient) Run(Device device)
    {
        using var scope = Scope.Open();
        var x = qkv.To(device).Detach();
        x.RequiresGrad = true;
        var result = x.QkvAttention(heads, order);
        result.Backward(dy.To(device));
        return (MmaLab.Doubles(result), MmaLab.Doubles(x.Grad!));
    }

    /// <summary>The result as a device calculates it where no gradient follows.</summary>
    public double[] Forward(Device device, int offset = 0)
    {
        using var scope = Scope.Open();
        // Numbers that do not begin where the memory does.
        var whole = Tensor.Concat(0, Tensor.Zeros([offset], qkv.DType), qkv.Reshape(qkv.Count)).To(device);
        return MmaLab.Doubles(whole.Slice(0, offset, qkv.Count).Reshape(qkv.Shape).QkvAttention(heads, order));
    }

    /// <summary>Says which element is too far from what it should be; null when none is.</summary>
    public string? Difference((double[] Y, double[] Gradient) found) =>
        First(found.Y, y, yBound, "y") ?? First(found.Gradient, gradient, gradientBound, "gradient");

    /// <inheritdoc cref="Difference(ValueTuple{double[], double[]})"/>
    public string? Difference(double[] found) => First(found, y, yBound, "y");

    private static string? First(double[] found, double[] expected, double[] bound, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            if (!(Math.Abs(found[i] - expected[i]) <= bound[i]))
                return $"{what}[{i}]: found {found[i]:g7}, expected {expected[i]:g7}, off by "
                    + $"{Math.Abs(found[i] - expected[i]):g3} where {bound[i]:g3} is allowed";
        return null;
    }

    private void Expect(int n, int h)
    {
        double[][] q = Part(0), k = Part(1), v = Part(2), dYs = Rows((t, c) => Output(n, t, h, c), MmaLab.Doubles(dy));
        var scale = 1 / Math.Sqrt(width);
        double steps = width / 16.0 + 3, sumSteps = tokens / 16.0 + 4;
        var (dk, dv, dkBound, dvBound) = (Zeros(), Zeros(), Zeros(), Zeros());
        for (var i = 0; i < tokens; i++)
        {
            var scores = k.Select(key => scale * Dot(q[i], key)).ToArray();
            var top = scores.Max();
            var log = top + Math.Log(scores.Sum(s => Math.Exp(s - top)));
            var p = scores.Select(s => Math.Exp(s - log)).ToArray();
            // Of a weight, relative: the score's sum, its shift by the largest or by the logarithm, the power.
            var weightError = Single * (steps * scale * k.Max(key => Sizes(q[i], key))
                + 4 * (scores.Max(Math.Abs) + Math.Abs(log)) + tokens) + 2 * Approximate;
            var outputError = 0.0;
            for (var c = 0; c < width; c++)
            {
                double value = 0, size = 0, all = 0;
                for (var j = 0; j < tokens; j++)
                {
                    value += p[j] * v[j][c];
                    size += p[j] * Math.Abs(v[j][c]);
                    all += Math.Abs(v[j][c]);
                }
                var at = Output(n, i, h, c);
                y[at] = value;
                yBound[at] = Bound(size * (rounding + 2 * weightError + sumSteps * Single) + least * all, value);
                outputError += Math.Abs(dYs[i][c]) * (yBound[at] + width * Single * Math.Abs(value));
            }
            var dot = p.Select((weight, j) => weight * Dot(dYs[i], v[j])).Sum();
            var (dq, dqBound) = (new double[width], new double[width]);
            for (var j = 0; j < tokens; j++)
            {
                var slope = Dot(dYs[i], v[j]) - dot;
                var error = p[j] * (steps * Single * Sizes(dYs[i], v[j]) + outputError
                    + 2 * weightError * Math.Abs(slope));
                slope *= p[j];
                error += (rounding + sumSteps * Single) * Math.Abs(slope) + least;
                var pError = p[j] * (rounding + 2 * weightError + sumSteps * Single) + least;
                for (var c = 0; c < width; c++)
                {
                    dq[c] += scale * slope * k[j][c];
                    dqBound[c] += scale * error * Math.Abs(k[j][c]);
                    dk[j][c] += scale * slope * q[i][c];
                    dkBound[j][c] += scale * error * Math.Abs(q[i][c]);
                    dv[j][c] += p[j] * dYs[i][c];
                    dvBound[j][c] += pError * Math.Abs(dYs[i][c]);
                }
            }
            Keep(i, 0, dq, dqBound);
        }
        for (var j = 0; j < tokens; j++)
        {
            Keep(j, 1, dk[j], dkBound[j]);
            Keep(j, 2, dv[j], dvBound[j]);
        }

        double[][] Zeros() => [.. Enumerable.Range(0, tokens).Select(_ => new double[width])];

        double[][] Part(int part) => Rows((t, c) => Input(n, t, h, part, c), MmaLab.Doubles(qkv));

        void Keep(int t, int part, double[] values, double[] bounds)
        {
            for (var c = 0; c < width; c++)
            {
                var at = Input(n, t, h, part, c);
                (gradient[at], gradientBound[at]) = (values[c], Bound(bounds[c], values[c]));
            }
        }
    }

    // Of what is written: the sum's error, and a rounding; errors of errors are below a hundredth of them.
    private double Bound(double error, double value) => 1.01 * (error + rounding * Math.Abs(value) + least);

    private int Output(int n, int t, int h, int c) => ((n * tokens + t) * heads + h) * width + c;

    private double[][] Rows(Func<int, int, int> at, double[] values) => [.. Enumerable.Range(0, tokens)
        .Select(t => Enumerable.Range(0, width).Select(c => values[at(t, c)]).ToArray())];

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static double Sizes(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += Math.Abs(a[i] * b[i]);
        return sum;
    }
}
