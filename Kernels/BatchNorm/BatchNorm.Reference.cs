using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class BatchNorm
{
    private static void ForwardReference(CpuDevice device, BatchNormArgs a) => device.For(a.Channels, c =>
    {
        double mean = 0, variance = 0;
        for (long r = 0; r < a.Rows; r++) mean += a.X.F64[r * a.Channels + c] / a.Rows;
        for (long r = 0; r < a.Rows; r++) variance += Math.Pow(a.X.F64[r * a.Channels + c] - mean, 2) / a.Rows;
        if (!a.Training) (mean, variance) = (a.RunningMean.F64[c], a.RunningVar.F64[c]);
        else if (a.RunningMean.Exists)
        {
            var unbiased = variance * a.Rows / (a.Rows - 1);
            a.RunningMean.F64[c] = (1 - a.Momentum) * a.RunningMean.F64[c] + a.Momentum * mean;
            a.RunningVar.F64[c] = (1 - a.Momentum) * a.RunningVar.F64[c] + a.Momentum * unbiased;
        }
        var rstd = 1 / Math.Sqrt(variance + a.Eps);
        (a.Statistics.F64[2 * c], a.Statistics.F64[2 * c + 1]) = (mean, rstd);
        double gamma = a.Gamma.Exists ? a.Gamma.F64[c] : 1, beta = a.Beta.Exists ? a.Beta.F64[c] : 0;
        for (long r = 0; r < a.Rows; r++)
            a.Y.F64[r * a.Channels + c] = (a.X.F64[r * a.Channels + c] - mean) * rstd * gamma + beta;
    });

    // With xn = (x - mean) rstd: dx = gamma rstd (dy - mean(dy) - xn mean(dy xn)); running statistics are constants, so
    // that only dx = gamma rstd dy remains.
    private static void BackwardReference(CpuDevice device, BatchNormBackwardArgs b) =>
        device.For(b.Forward.Channels, c =>
        {
            var a = b.Forward;
            double mean = a.Statistics.F64[2 * c], rstd = a.Statistics.F64[2 * c + 1], sum = 0, product = 0;
            for (long r = 0; r < a.Rows; r++)
            {
                sum += b.Dy.F64[r * a.Channels + c];
                product += b.Dy.F64[r * a.Channels + c] * (a.X.F64[r * a.Channels + c] - mean) * rstd;
            }
            if (b.DGamma.Exists) b.DGamma.F64[c] = product;
            if (b.DBeta.Exists) b.DBeta.F64[c] = sum;
            if (!b.Dx.Exists) return;
            var gamma = a.Gamma.Exists ? a.Gamma.F64[c] : 1;
            for (long r = 0; r < a.Rows; r++)
            {
                var at = r * a.Channels + c;
                var rest = a.Training ? (sum + (a.X.F64[at] - mean) * rstd * product) / a.Rows : 0;
                b.Dx.F64[at] = gamma * rstd * (b.Dy.F64[at] - rest);
            }
        });
}
