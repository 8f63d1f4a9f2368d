using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class GroupNorm
{
    private static void ForwardReference(CpuDevice device, GroupNormArgs a) => device.For(a.Batch, n =>
    {
        for (var g = 0; g < a.Groups; g++)
        {
            var (mean, variance) = Moments(a, n, g);
            var rstd = 1 / Math.Sqrt(variance + a.Eps);
            a.Statistics.F64[(n * a.Groups + g) * 2] = mean;
            a.Statistics.F64[(n * a.Groups + g) * 2 + 1] = rstd;
        }
        for (var p = 0; p < a.Pixels; p++)
        {
            for (var c = 0; c < a.Channels; c++)
            {
                var at = At(a, n, p, c);
                var z = Activated(a, n, c, Normalised(a, n, c, a.X.F64[at]));
                a.Y.F64[at] = a.Silu ? z * Sigmoid(z) : z;
            }
        }
    });

    // With xn = (x - mean) rstd, dz the gradient before the activation and w = gamma (1 + scale), a group of M values:
    // dx = rstd (w dz - sum(w dz) / M - xn sum(w dz xn) / M).
    private static void BackwardReference(CpuDevice device, GroupNormBackwardArgs b)
    {
        var a = b.Forward;
        for (var c = 0; c < a.Channels; c++)
        {
            if (b.DGamma.Exists) b.DGamma.F64[c] = 0;
            if (b.DBeta.Exists) b.DBeta.F64[c] = 0;
            for (var n = 0; n < a.Batch; n++)
            {
                double sum = 0, product = 0;
                for (var p = 0; p < a.Pixels; p++)
                {
                    var dz = BeforeActivation(b, n, p, c);
                    sum += dz;
                    product += dz * Normalised(a, n, c, a.X.F64[At(a, n, p, c)]);
                }
                if (b.DGamma.Exists) b.DGamma.F64[c] += product * (1 + Scale(a, n, c));
                if (b.DBeta.Exists) b.DBeta.F64[c] += sum * (1 + Scale(a, n, c));
                if (!b.DScaleShift.Exists) continue;
                b.DScaleShift.F64[2L * n * a.Channels + c] = product * Gamma(a, c) + sum * Beta(a, c);
                b.DScaleShift.F64[(2L * n + 1) * a.Channels + c] = sum;
            }
        }
        if (b.Dx.Exists) device.For(a.Batch * a.Groups, i => InputGradient(b, i / a.Groups, i % a.Groups));
    }

    private static void InputGradient(in GroupNormBackwardArgs b, int n, int g)
    {
        var a = b.Forward;
        var width = a.Channels / a.Groups;
        double sum = 0, product = 0, count = (double)a.Pixels * width;
        for (var p = 0; p < a.Pixels; p++)
        {
            for (var c = g * width; c < (g + 1) * width; c++)
            {
                var dn = BeforeActivation(b, n, p, c) * Gamma(a, c) * (1 + Scale(a, n, c));
                sum += dn;
                product += dn * Normalised(a, n, c, a.X.F64[At(a, n, p, c)]);
            }
        }
        var rstd = a.Statistics.F64[(n * a.Groups + g) * 2 + 1];
        for (var p = 0; p < a.Pixels; p++)
        {
            for (var c = g * width; c < (g + 1) * width; c++)
            {
                var at = At(a, n, p, c);
                var dn = BeforeActivation(b, n, p, c) * Gamma(a, c) * (1 + Scale(a, n, c));
                b.Dx.F64[at] = rstd * (dn - sum / count - Normalised(a, n, c, a.X.F64[at]) * product / count);
            }
        }
    }

    private static (double Mean, double Variance) Moments(in GroupNormArgs a, int n, int g)
    {
        var width = a.Channels / a.Groups;
        var count = (double)a.Pixels * width;
        double mean = 0, variance = 0;
        for (var p = 0; p < a.Pixels; p++)
            for (var c = g * width; c < (g + 1) * width; c++) mean += a.X.F64[At(a, n, p, c)] / count;
        for (var p = 0; p < a.Pixels; p++)
            for (var c = g * width; c < (g + 1) * width; c++)
                variance += Math.Pow(a.X.F64[At(a, n, p, c)] - mean, 2) / count;
        return (mean, variance);
    }

    private static double BeforeActivation(in GroupNormBackwardArgs b, int n, int p, int c)
    {
        var a = b.Forward;
        var at = At(a, n, p, c);
        if (!a.Silu) return b.Dy.F64[at];
        var z = Activated(a, n, c, Normalised(a, n, c, a.X.F64[at]));
        var s = Sigmoid(z);
        return b.Dy.F64[at] * s * (1 + z * (1 - s));
    }

    private static double Normalised(in GroupNormArgs a, int n, int c, double x)
    {
        var statistics = a.Statistics.F64 + (n * a.Groups + c / (a.Channels / a.Groups)) * 2;
        return (x - statistics[0]) * statistics[1];
    }

    private static double Activated(in GroupNormArgs a, int n, int c, double normalised) =>
        (normalised * Gamma(a, c) + Beta(a, c)) * (1 + Scale(a, n, c)) + Shift(a, n, c);

    private static long At(in GroupNormArgs a, int n, int p, int c) => ((long)n * a.Pixels + p) * a.Channels + c;

    private static double Gamma(in GroupNormArgs a, int c) => a.Gamma.Exists ? a.Gamma.F64[c] : 1;

    private static double Beta(in GroupNormArgs a, int c) => a.Beta.Exists ? a.Beta.F64[c] : 0;

    private static double Scale(in GroupNormArgs a, int n, int c) =>
        a.ScaleShift.Exists ? a.ScaleShift.F64[2L * n * a.Channels + c] : 0;

    private static double Shift(in GroupNormArgs a, int n, int c) =>
        a.ScaleShift.Exists ? a.ScaleShift.F64[(2L * n + 1) * a.Channels + c] : 0;

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
