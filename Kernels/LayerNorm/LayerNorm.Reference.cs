using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class LayerNorm
{
    private static void ForwardReference(CpuDevice device, LayerNormArgs a)
    {
        for (long r = 0; r < a.Rows; r++)
        {
            double* x = a.X.F64 + r * a.Columns, y = a.Y.F64 + r * a.Columns;
            double mean = 0, variance = 0;
            for (var c = 0; c < a.Columns; c++) mean += x[c] / a.Columns;
            for (var c = 0; c < a.Columns; c++) variance += (x[c] - mean) * (x[c] - mean) / a.Columns;
            var rstd = 1 / Math.Sqrt(variance + a.Eps);
            (a.Statistics.F64[2 * r], a.Statistics.F64[2 * r + 1]) = (mean, rstd);
            for (var c = 0; c < a.Columns; c++)
                y[c] = (x[c] - mean) * rstd * a.Gamma.F64[c] + (a.Beta.Exists ? a.Beta.F64[c] : 0);
        }
    }

    // With xn = (x - mean) rstd: dx = rstd (gamma dy - mean(gamma dy) - xn mean(gamma dy xn)).
    private static void BackwardReference(CpuDevice device, LayerNormBackwardArgs b)
    {
        var a = b.Forward;
        for (var c = 0; c < a.Columns; c++)
        {
            if (b.DGamma.Exists) b.DGamma.F64[c] = 0;
            if (b.DBeta.Exists) b.DBeta.F64[c] = 0;
        }
        for (long r = 0; r < a.Rows; r++)
        {
            double* x = a.X.F64 + r * a.Columns, dy = b.Dy.F64 + r * a.Columns;
            double mean = a.Statistics.F64[2 * r], rstd = a.Statistics.F64[2 * r + 1];
            double sum = 0, product = 0;
            for (var c = 0; c < a.Columns; c++)
            {
                var normalised = (x[c] - mean) * rstd;
                sum += a.Gamma.F64[c] * dy[c] / a.Columns;
                product += a.Gamma.F64[c] * dy[c] * normalised / a.Columns;
                if (b.DGamma.Exists) b.DGamma.F64[c] += dy[c] * normalised;
                if (b.DBeta.Exists) b.DBeta.F64[c] += dy[c];
            }
            if (!b.Dx.Exists) continue;
            for (var c = 0; c < a.Columns; c++)
                b.Dx.F64[r * a.Columns + c] = rstd * (a.Gamma.F64[c] * dy[c] - sum - (x[c] - mean) * rstd * product);
        }
    }
}
