using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU: a pass for the channels' moments, unless the convolution before has left them; three small
/// launches (groups, gains, sums), and a pass for everything else.</remarks>
public static unsafe partial class GroupNorm
{
    private static readonly GpuKernel groups = new(GroupStatistics), gainsOf = new(SampleGains);
    private static readonly GpuKernel groupSums = new(SampleGroupSums), factorsOf = new(SampleFactors);
    private static readonly GpuKernel parameters = new(ChannelGradients);

    private static void ForwardGpu<T, TNumber>(GpuDevice device, GroupNormArgs a)
        where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        long channels = (long)a.Batch * a.Channels;
        using var memory = new Scratch(device, 2 * channels * (sizeof(double) + sizeof(float)));
        var sums = a.Sums.Exists ? a.Sums.F64 : memory.F64;
        var gains = (float*)(memory.F64 + 2 * channels);
        if (!a.Sums.Exists)
            GpuChannels<T, TNumber>.SumMoments(device, a.X, sums, a.Batch, a.Pixels, a.Channels);
        groups.LaunchFor(device, (long)a.Batch * a.Groups, new GpuArguments().Put(sums, 2 * channels)
            .Put<double>(a.Statistics).Put(a.Pixels).Put(a.Channels).Put(a.Groups).Put((double)a.Eps));
        FillGains(device, a, gains);
        GpuChannels<T, TNumber>.Apply(device, a.X, a.Y, gains, a.Batch, a.Pixels, a.Channels, a.Silu);
    }

    private static void BackwardGpu<T, TNumber>(GpuDevice device, GroupNormBackwardArgs b)
        where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        var a = b.Forward;
        long channels = (long)a.Batch * a.Channels, means = 2L * a.Batch * a.Groups;
        using var memory = new Scratch(device,
            (2 * channels + means) * sizeof(double) + (2 + 3) * channels * sizeof(float));
        double* sums = memory.F64, group = sums + 2 * channels;
        float* gains = (float*)(group + means), factors = gains + 2 * channels;
        FillGains(device, a, gains);
        GpuChannels<T, TNumber>.SumGradients(device, a.X, b.Dy, gains, sums, a.Batch, a.Pixels, a.Channels, a.Silu);
        parameters.LaunchFor(device, channels, new GpuArguments().Put(sums, 2 * channels).Put<double>(a.Statistics)
            .Put<float>(a.Gamma).Put<float>(a.Beta).Put<float>(a.ScaleShift).Put<float>(b.DGamma).Put<float>(b.DBeta)
            .Put<float>(b.DScaleShift).Put(a.Batch).Put(a.Channels).Put(a.Groups));
        if (!b.Dx.Exists) return;
        groupSums.LaunchFor(device, (long)a.Batch * a.Groups, new GpuArguments().Put(sums, 2 * channels)
            .Put<double>(a.Statistics).Put<float>(a.Gamma).Put<float>(a.ScaleShift).Put(group, means).Put(a.Pixels)
            .Put(a.Channels).Put(a.Groups));
        factorsOf.LaunchFor(device, channels, new GpuArguments().Put(group, means).Put<double>(a.Statistics)
            .Put<float>(a.Gamma).Put<float>(a.ScaleShift).Put(factors, 3 * channels).Put(a.Channels).Put(a.Groups));
        GpuChannels<T, TNumber>.InputGradient(
            device, a.X, b.Dy, b.Dx, gains, factors, a.Batch, a.Pixels, a.Channels, a.Silu);
    }

    private static void FillGains(GpuDevice device, in GroupNormArgs a, float* gains) =>
        gainsOf.LaunchFor(device, (long)a.Batch * a.Channels, new GpuArguments().Put<double>(a.Statistics)
            .Put<float>(a.Gamma).Put<float>(a.Beta).Put<float>(a.ScaleShift)
            .Put(gains, 2L * a.Batch * a.Channels).Put(a.Channels).Put(a.Groups));

    // statistics[sample, group]: mean and 1 / sqrt(variance + eps).
    private static void GroupStatistics(ArrayView<double> sums, ArrayView<double> statistics, int pixels, int channels,
        int groups, double eps)
    {
        var item = GpuThread.Index;
        if (2 * item >= statistics.Length) return;
        long n = item / groups, width = channels / groups, first = (item - n * groups) * width;
        double sum = 0, squares = 0, count = (double)pixels * width;
        for (long c = first; c < first + width; c++)
        {
            sum += sums[2 * n * channels + c];
            squares += sums[(2 * n + 1) * channels + c];
        }
        var mean = sum / count;
        var variance = squares / count - mean * mean;
        statistics[2 * item] = mean;
        statistics[2 * item + 1] = GpuMath.Rsqrt((variance > 0 ? variance : 0) + eps);
    }

    // gains[sample, 2, channel]: everything before the activation is x gain + offset.
    private static void SampleGains(ArrayView<double> statistics, ArrayView<float> gamma, ArrayView<float> beta,
        ArrayView<float> scaleShift, ArrayView<float> gains, int channels, int groups)
    {
        var item = GpuThread.Index;
        if (2 * item >= gains.Length) return;
        long n = item / channels, c = item - n * channels, group = n * groups + c / (channels / groups);
        double mean = statistics[2 * group], rstd = statistics[2 * group + 1];
        double scale = 1, shift = 0;
        if (scaleShift.Length > 0)
        {
            scale += scaleShift[2 * n * channels + c];
            shift = scaleShift[(2 * n + 1) * channels + c];
        }
        var gain = rstd * (gamma.Length > 0 ? gamma[c] : 1) * scale;
        gains[2 * n * channels + c] = (float)gain;
        gains[(2 * n + 1) * channels + c] =
            (float)((beta.Length > 0 ? beta[c] : 0) * scale + shift - mean * gain);
    }

    // A thread has a channel of all samples for gamma and beta, and of its own sample for scale and shift.
    private static void ChannelGradients(ArrayView<double> sums, ArrayView<double> statistics,
        ArrayView<float> gamma, ArrayView<float> beta, ArrayView<float> scaleShift, ArrayView<float> dGamma,
        ArrayView<float> dBeta, ArrayView<float> dScaleShift, int batch, int channels, int groups)
    {
        var item = GpuThread.Index;
        if (item >= (long)batch * channels) return;
        long own = item / channels, c = item - own * channels, width = channels / groups;
        double allProduct = 0, allSum = 0;
        // Only the first sample's threads look at the others.
        for (var n = own; n < (own == 0 ? batch : own + 1); n++)
        {
            var group = n * groups + c / width;
            var sum = sums[2 * n * channels + c];
            var product = (sums[(2 * n + 1) * channels + c] - statistics[2 * group] * sum) * statistics[2 * group + 1];
            if (n == own && dScaleShift.Length > 0)
            {
                dScaleShift[2 * n * channels + c] =
                    (float)(product * (gamma.Length > 0 ? gamma[c] : 1) + sum * (beta.Length > 0 ? beta[c] : 0));
                dScaleShift[(2 * n + 1) * channels + c] = (float)sum;
            }
            var scale = 1.0 + (scaleShift.Length > 0 ? scaleShift[2 * n * channels + c] : 0);
            allProduct += product * scale;
            allSum += sum * scale;
        }
        if (own != 0) return;
        if (dGamma.Length > 0) dGamma[c] = (float)allProduct;
        if (dBeta.Length > 0) dBeta[c] = (float)allSum;
    }

    // means[sample, group, 2]: of w dz and of w dz xn, w = gamma (1 + scale).
    private static void SampleGroupSums(ArrayView<double> sums, ArrayView<double> statistics, ArrayView<float> gamma,
        ArrayView<float> scaleShift, ArrayView<double> means, int pixels, int channels, int groups)
    {
        var item = GpuThread.Index;
        if (2 * item >= means.Length) return;
        long n = item / groups, width = channels / groups, first = (item - n * groups) * width;
        double sum = 0, product = 0, count = (double)pixels * width;
        for (var c = first; c < first + width; c++)
        {
            var w = Weight(gamma, scaleShift, n, c, channels);
            var dz = sums[2 * n * channels + c];
            sum += w * dz;
            product += w * (sums[(2 * n + 1) * channels + c] - statistics[2 * item] * dz) * statistics[2 * item + 1];
        }
        means[2 * item] = sum / count;
        means[2 * item + 1] = product / count;
    }

    // dx = rstd (w dz - mean(w dz) - xn mean(w dz xn)) as a dz + b x + d.
    private static void SampleFactors(ArrayView<double> means, ArrayView<double> statistics, ArrayView<float> gamma,
        ArrayView<float> scaleShift, ArrayView<float> factors, int channels, int groups)
    {
        var item = GpuThread.Index;
        if (3 * item >= factors.Length) return;
        long n = item / channels, c = item - n * channels, group = n * groups + c / (channels / groups);
        double mean = statistics[2 * group], rstd = statistics[2 * group + 1];
        var b = -rstd * rstd * means[2 * group + 1];
        factors[3 * n * channels + c] = (float)(rstd * Weight(gamma, scaleShift, n, c, channels));
        factors[(3 * n + 1) * channels + c] = (float)b;
        factors[(3 * n + 2) * channels + c] = (float)(-rstd * means[2 * group] - b * mean);
    }

    private static double Weight(ArrayView<float> gamma, ArrayView<float> scaleShift, long n, long c, int channels) =>
        (gamma.Length > 0 ? gamma[c] : 1) * (1.0 + (scaleShift.Length > 0 ? scaleShift[2 * n * channels + c] : 0));
}
