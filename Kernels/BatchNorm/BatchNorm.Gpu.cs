using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU: as a group norm of one sample whose groups are its channels.</remarks>
public static unsafe partial class BatchNorm
{
    private static readonly GpuKernel statisticsOf = new(ChannelStatistics), factorsOf = new(Factors);

    private static void ForwardGpu<T, TNumber>(GpuDevice device, BatchNormArgs a)
        where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        using var memory = new Scratch(device, 2L * a.Channels * (sizeof(double) + sizeof(float)));
        var sums = memory.F64;
        var gains = (float*)(sums + 2 * a.Channels);
        if (a.Training) GpuChannels<T, TNumber>.SumMoments(device, a.X, sums, 1, a.Rows, a.Channels);
        statisticsOf.LaunchFor(device, a.Channels, new GpuArguments().Put(sums, 2L * a.Channels)
            .Put<float>(a.Gamma).Put<float>(a.Beta).Put<float>(a.RunningMean).Put<float>(a.RunningVar)
            .Put<double>(a.Statistics).Put(gains, 2L * a.Channels).Put(a.Rows).Put(a.Channels)
            .Put(a.Training ? 1 : 0).Put((double)a.Momentum).Put((double)a.Eps));
        GpuChannels<T, TNumber>.Apply(device, a.X, a.Y, gains, 1, a.Rows, a.Channels, silu: false);
    }

    private static void BackwardGpu<T, TNumber>(GpuDevice device, BatchNormBackwardArgs b)
        where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        var a = b.Forward;
        using var memory = new Scratch(device, 2L * a.Channels * sizeof(double) + 5L * a.Channels * sizeof(float));
        var sums = memory.F64;
        float* gains = (float*)(sums + 2 * a.Channels), factors = gains + 2 * a.Channels;
        // Without an activation the gains only go into dz = dy: any will do, but they must be there.
        Fill.Forward.Run(device, DType.Float32, new(new View((nint)gains, 2 * a.Channels, DType.Float32), 0));
        GpuChannels<T, TNumber>.SumGradients(device, a.X, b.Dy, gains, sums, 1, a.Rows, a.Channels, silu: false);
        factorsOf.LaunchFor(device, a.Channels, new GpuArguments().Put(sums, 2L * a.Channels)
            .Put<double>(a.Statistics).Put<float>(a.Gamma).Put<float>(b.DGamma).Put<float>(b.DBeta)
            .Put(factors, 3L * a.Channels).Put(a.Rows).Put(a.Channels).Put(a.Training ? 1 : 0));
        if (b.Dx.Exists)
            GpuChannels<T, TNumber>.InputGradient(
                device, a.X, b.Dy, b.Dx, gains, factors, 1, a.Rows, a.Channels, silu: false);
    }

    private static void ChannelStatistics(ArrayView<double> sums, ArrayView<float> gamma, ArrayView<float> beta,
        ArrayView<float> runningMean, ArrayView<float> runningVar, ArrayView<double> statistics,
        ArrayView<float> gains, int rows, int channels, int training, double momentum, double eps)
    {
        var c = GpuThread.Index;
        if (c >= channels) return;
        double mean, variance;
        if (training != 0)
        {
            mean = sums[c] / rows;
            variance = sums[channels + c] / rows - mean * mean;
            if (!(variance > 0)) variance = 0;
            if (runningMean.Length > 0)
            {
                runningMean[c] = (float)((1 - momentum) * runningMean[c] + momentum * mean);
                runningVar[c] = (float)((1 - momentum) * runningVar[c] + momentum * (variance * rows / (rows - 1)));
            }
        }
        else
        {
            mean = runningMean[c];
            variance = runningVar[c];
        }
        var rstd = GpuMath.Rsqrt(variance + eps);
        statistics[2 * c] = mean;
        statistics[2 * c + 1] = rstd;
        var gain = rstd * (gamma.Length > 0 ? gamma[c] : 1);
        gains[c] = (float)gain;
        gains[channels + c] = (float)((beta.Length > 0 ? beta[c] : 0) - mean * gain);
    }

    // dx = gamma rstd (dy - mean(dy) - xn mean(dy xn)) as a dy + b x + d; running statistics leave only the first.
    private static void Factors(ArrayView<double> sums, ArrayView<double> statistics, ArrayView<float> gamma,
        ArrayView<float> dGamma, ArrayView<float> dBeta, ArrayView<float> factors, int rows, int channels, int training)
    {
        var c = GpuThread.Index;
        if (c >= channels) return;
        double mean = statistics[2 * c], rstd = statistics[2 * c + 1], sum = sums[c];
        var product = (sums[channels + c] - mean * sum) * rstd;
        if (dGamma.Length > 0) dGamma[c] = (float)product;
        if (dBeta.Length > 0) dBeta[c] = (float)sum;
        var a = rstd * (gamma.Length > 0 ? gamma[c] : 1);
        var b = training != 0 ? -a * rstd * product / rows : 0;
        factors[c] = (float)a;
        factors[channels + c] = (float)b;
        factors[2 * channels + c] = (float)(training != 0 ? -a * sum / rows - b * mean : 0);
    }
}
