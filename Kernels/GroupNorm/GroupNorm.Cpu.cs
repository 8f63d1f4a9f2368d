using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class GroupNorm
{
    private static void ForwardSimd(CpuDevice device, GroupNormArgs a)
    {
        ChannelPasses.Moments(device, a.X.F32, a.Statistics.F64, a.Batch, a.Pixels, a.Channels, a.Groups);
        for (var i = 0; i < a.Batch * a.Groups; i++)
            a.Statistics.F64[2 * i + 1] = 1 / Math.Sqrt(a.Statistics.F64[2 * i + 1] + a.Eps);

        nint stride = a.Channels;
        using var scratch = new Scratch(device, 2 * a.Batch * stride * sizeof(float));
        float* gain = scratch.F32, offset = gain + a.Batch * stride;
        for (var n = 0; n < a.Batch; n++) Coefficients(a, n, gain + n * stride, offset + n * stride);
        if (a.Silu)
            ChannelPasses.Affine<SiluActivation>(device, a.X.F32, a.Y.F32, gain, offset, a.Batch, a.Pixels, a.Channels);
        else
            ChannelPasses.Affine<NoActivation>(device, a.X.F32, a.Y.F32, gain, offset, a.Batch, a.Pixels, a.Channels);
    }

    private static void BackwardSimd(CpuDevice device, GroupNormBackwardArgs b)
    {
        if (b.Forward.Silu) BackwardSimd<SiluActivation>(device, b);
        else BackwardSimd<NoActivation>(device, b);
    }

    private static void BackwardSimd<TActivation>(CpuDevice device, in GroupNormBackwardArgs b)
        where TActivation : struct, IActivation
    {
        var a = b.Forward;
        nint stride = a.Channels, size = a.Batch * stride;
        using var coefficients = new Scratch(device, 6L * size * sizeof(float));
        using var totals = new Scratch(device, 2L * size * sizeof(double));
        float* gain = coefficients.F32, offset = gain + size, mean = offset + size, abd = mean + size;
        var sums = totals.F64;
        for (var n = 0; n < a.Batch; n++)
        {
            Coefficients(a, n, gain + n * stride, offset + n * stride);
            for (var c = 0; c < a.Channels; c++) mean[n * stride + c] = (float)Mean(a, n, c);
        }
        var rows = new ChannelRows(gain, offset, mean);
        ChannelPasses.GradientSums<TActivation>(device, a.X.F32, b.Dy.F32, rows, sums, a.Batch, a.Pixels, a.Channels);
        for (var n = 0; n < a.Batch; n++) Finish(a, n, mean + n * stride, sums + 2 * n * stride, stride);
        ParameterGradients(b, sums, stride);
        if (!b.Dx.Exists) return;
        for (var n = 0; n < a.Batch; n++) InputCoefficients(a, n, sums + 2 * n * stride, abd + 3 * n * stride, stride);
        ChannelPasses.InputGradient<TActivation>(device, a.X.F32, b.Dy.F32, b.Dx.F32, rows, abd, a.Batch, a.Pixels,
            a.Channels);
    }

    private static void Coefficients(in GroupNormArgs a, int n, float* gain, float* offset)
    {
        for (var c = 0; c < a.Channels; c++)
        {
            var slope = Rstd(a, n, c) * Weight(a, n, c);
            gain[c] = (float)slope;
            offset[c] = (float)(Offset(a, c) * (1 + ScaleOf(a, n, c)) + ShiftOf(a, n, c) - Mean(a, n, c) * slope);
        }
    }

    // From sums of dz (x - float(mean)) to sums of dz times the normalised input.
    private static void Finish(in GroupNormArgs a, int n, float* mean, double* sums, nint stride)
    {
        for (var c = 0; c < a.Channels; c++)
            sums[stride + c] = (sums[stride + c] + (mean[c] - Mean(a, n, c)) * sums[c]) * Rstd(a, n, c);
    }

    private static void ParameterGradients(in GroupNormBackwardArgs b, double* sums, nint stride)
    {
        var a = b.Forward;
        for (var c = 0; c < a.Channels; c++)
        {
            double gamma = 0, beta = 0;
            for (var n = 0; n < a.Batch; n++)
            {
                double sum = sums[2 * n * stride + c], product = sums[(2 * n + 1) * stride + c];
                gamma += product * (1 + ScaleOf(a, n, c));
                beta += sum * (1 + ScaleOf(a, n, c));
                if (!b.DScaleShift.Exists) continue;
                b.DScaleShift.F32[2L * n * a.Channels + c] = (float)(product * Gain(a, c) + sum * Offset(a, c));
                b.DScaleShift.F32[(2L * n + 1) * a.Channels + c] = (float)sum;
            }
            if (b.DGamma.Exists) b.DGamma.F32[c] = (float)gamma;
            if (b.DBeta.Exists) b.DBeta.F32[c] = (float)beta;
        }
    }

    private static void InputCoefficients(in GroupNormArgs a, int n, double* sums, float* abd, nint stride)
    {
        var width = a.Channels / a.Groups;
        var count = (double)a.Pixels * width;
        for (var first = 0; first < a.Channels; first += width)
        {
            double sum = 0, product = 0;
            for (var c = first; c < first + width; c++)
            {
                sum += sums[c] * Weight(a, n, c);
                product += sums[stride + c] * Weight(a, n, c);
            }
            var rstd = Rstd(a, n, first);
            for (var c = first; c < first + width; c++)
            {
                abd[c] = (float)(rstd * Weight(a, n, c));
                abd[stride + c] = (float)(-rstd * rstd * product / count);
                abd[2 * stride + c] = (float)(-rstd * sum / count);
            }
        }
    }

    private static double Mean(in GroupNormArgs a, int n, int c) => Statistic(a, n, c)[0];

    private static double Rstd(in GroupNormArgs a, int n, int c) => Statistic(a, n, c)[1];

    private static double* Statistic(in GroupNormArgs a, int n, int c) =>
        a.Statistics.F64 + ((nint)n * a.Groups + c / (a.Channels / a.Groups)) * 2;

    // What the normalised input is multiplied by.
    private static double Weight(in GroupNormArgs a, int n, int c) => Gain(a, c) * (1 + ScaleOf(a, n, c));

    private static double Gain(in GroupNormArgs a, int c) => a.Gamma.Exists ? a.Gamma.F32[c] : 1;

    private static double Offset(in GroupNormArgs a, int c) => a.Beta.Exists ? a.Beta.F32[c] : 0;

    private static double ScaleOf(in GroupNormArgs a, int n, int c) =>
        a.ScaleShift.Exists ? a.ScaleShift.F32[2L * n * a.Channels + c] : 0;

    private static double ShiftOf(in GroupNormArgs a, int n, int c) =>
        a.ScaleShift.Exists ? a.ScaleShift.F32[(2L * n + 1) * a.Channels + c] : 0;
}
