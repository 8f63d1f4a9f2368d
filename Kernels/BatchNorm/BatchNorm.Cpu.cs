using Diffract.Engine;

namespace Diffract.Kernels;

// To the passes over channels a batch is one sample, and every channel a group of its own.
public static unsafe partial class BatchNorm
{
    private static void ForwardSimd(CpuDevice device, BatchNormArgs a)
    {
        if (a.Training) ChannelPasses.Moments(device, a.X.F32, a.Statistics.F64, 1, a.Rows, a.Channels, a.Channels);
        using var scratch = new Scratch(device, 2L * a.Channels * sizeof(float));
        float* gain = scratch.F32, offset = gain + a.Channels;
        for (var c = 0; c < a.Channels; c++)
        {
            var statistic = a.Statistics.F64 + 2 * c;
            if (!a.Training) (statistic[0], statistic[1]) = (a.RunningMean.F32[c], a.RunningVar.F32[c]);
            else if (a.RunningMean.Exists)
            {
                var unbiased = statistic[1] * a.Rows / (a.Rows - 1.0);
                a.RunningMean.F32[c] = (float)((1.0 - a.Momentum) * a.RunningMean.F32[c] + a.Momentum * statistic[0]);
                a.RunningVar.F32[c] = (float)((1.0 - a.Momentum) * a.RunningVar.F32[c] + a.Momentum * unbiased);
            }
            statistic[1] = 1 / Math.Sqrt(statistic[1] + a.Eps);
            Line(a, c, out gain[c], out offset[c]);
        }
        ChannelPasses.Affine<NoActivation>(device, a.X.F32, a.Y.F32, gain, offset, 1, a.Rows, a.Channels);
    }

    private static void BackwardSimd(CpuDevice device, BatchNormBackwardArgs b)
    {
        var a = b.Forward;
        nint channels = a.Channels;
        using var coefficients = new Scratch(device, 6 * channels * sizeof(float));
        using var totals = new Scratch(device, 2 * channels * sizeof(double));
        float* gain = coefficients.F32, offset = gain + channels, mean = offset + channels, abd = mean + channels;
        var sums = totals.F64;
        for (var c = 0; c < channels; c++)
        {
            Line(a, c, out gain[c], out offset[c]);
            mean[c] = (float)a.Statistics.F64[2 * c];
        }
        var rows = new ChannelRows(gain, offset, mean);
        ChannelPasses.GradientSums<NoActivation>(device, a.X.F32, b.Dy.F32, rows, sums, 1, a.Rows, a.Channels);
        for (var c = 0; c < channels; c++)
        {
            double rstd = a.Statistics.F64[2 * c + 1], sum = sums[c];
            var product = (sums[channels + c] + (mean[c] - a.Statistics.F64[2 * c]) * sum) * rstd;
            if (b.DGamma.Exists) b.DGamma.F32[c] = (float)product;
            if (b.DBeta.Exists) b.DBeta.F32[c] = (float)sum;
            var slope = rstd * Gain(a, c);
            abd[c] = (float)slope;
            abd[channels + c] = a.Training ? (float)(-slope * rstd * product / a.Rows) : 0;
            abd[2 * channels + c] = a.Training ? (float)(-slope * sum / a.Rows) : 0;
        }
        if (!b.Dx.Exists) return;
        ChannelPasses.InputGradient<NoActivation>(device, a.X.F32, b.Dy.F32, b.Dx.F32, rows, abd, 1, a.Rows,
            a.Channels);
    }

    private static void Line(in BatchNormArgs a, int c, out float gain, out float offset)
    {
        var slope = a.Statistics.F64[2 * c + 1] * Gain(a, c);
        gain = (float)slope;
        offset = (float)((a.Beta.Exists ? a.Beta.F32[c] : 0) - a.Statistics.F64[2 * c] * slope);
    }

    private static double Gain(in BatchNormArgs a, int c) => a.Gamma.Exists ? a.Gamma.F32[c] : 1;
}
