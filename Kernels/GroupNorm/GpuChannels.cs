using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <summary>Passes over [batch, pixels, channels] data on a GPU, for the norms that keep statistics of channels. A
/// thread has a channel of a block of pixels; blocks are added up in order, in double precision.</summary>
/// <typeparam name="T">What memory holds.</typeparam>
/// <typeparam name="TNumber">How it is read and written.</typeparam>
internal static unsafe partial class GpuChannels<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
{
    private const int PixelsOfBlock = 128;

    private static readonly GpuKernel moments = new(Moments), gradients = new(Gradients<NoActivation>),
        siluGradients = new(Gradients<SiluActivation>), totals = new(Totals);

    private static readonly GpuKernel affine = new(Affine<NoActivation>), siluAffine = new(Affine<SiluActivation>);
    private static readonly GpuKernel input = new(Input<NoActivation>), siluInput = new(Input<SiluActivation>);

    /// <summary>Sums of x and of x² of every channel, [batch, 2, channels].</summary>
    public static void SumMoments(GpuDevice device, View x, double* sums, int batch, int pixels, int channels)
    {
        var blocks = (pixels + PixelsOfBlock - 1) / PixelsOfBlock;
        var length = 2L * batch * blocks * channels;
        using var scratch = new Scratch(device, length * sizeof(double));
        if (InEights(batch, pixels, channels, x))
            momentsEight.LaunchFor(device, (long)batch * blocks * channels / Eight, new GpuArguments().Put<Word4>(x)
                .Put(scratch.F64, length).Put(pixels).Put(channels / Eight).Put(blocks));
        else
            moments.LaunchFor(device, (long)batch * blocks * channels, new GpuArguments().Put<T>(x)
                .Put(scratch.F64, length).Put(pixels).Put(channels).Put(blocks));
        Total(device, scratch.F64, sums, batch, blocks, channels);
    }

    /// <summary>Sums of dz and of dz x of every channel, [batch, 2, channels]; dz is the gradient before the
    /// activation, whose input is x gain + offset.</summary>
    /// <param name="device">Where.</param>
    /// <param name="x">Input [batch, pixels, channels].</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="gains">[batch, 2, channels]: gain and offset.</param>
    /// <param name="sums">Receives the sums.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="pixels">Positions of a sample.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="silu">Which activation.</param>
    public static void SumGradients(GpuDevice device, View x, View dy, float* gains, double* sums, int batch,
        int pixels, int channels, bool silu)
    {
        var blocks = (pixels + PixelsOfBlock - 1) / PixelsOfBlock;
        var length = 2L * batch * blocks * channels;
        using var scratch = new Scratch(device, length * sizeof(double));
        (silu ? siluGradients : gradients).LaunchFor(device, (long)batch * blocks * channels, new GpuArguments()
            .Put<T>(x).Put<T>(dy).Put(gains, 2L * batch * channels).Put(scratch.F64, length).Put(pixels)
            .Put(channels).Put(blocks));
        Total(device, scratch.F64, sums, batch, blocks, channels);
    }

    /// <summary>y = f(x gain + offset).</summary>
    public static void Apply(
        GpuDevice device, View x, View y, float* gains, int batch, int pixels, int channels, bool silu)
    {
        if (InEights(batch, pixels, channels, x, y))
            LaunchEight(device, silu ? siluAffineEight : affineEight, batch, pixels, channels, new GpuArguments()
                .Put<Word4>(x).Put<Word4>(y).Put<Word4>(Floats(gains, 2L * batch * channels)));
        else
            (silu ? siluAffine : affine).LaunchFor(device, x.Count, new GpuArguments().Put<T>(x).Put<T>(y)
                .Put(gains, 2L * batch * channels).Put(pixels).Put(channels));
    }

    /// <summary>dx = a dz + b x + d, with [batch, 3, channels] factors.</summary>
    public static void InputGradient(GpuDevice device, View x, View dy, View dx, float* gains, float* factors,
        int batch, int pixels, int channels, bool silu)
    {
        if (InEights(batch, pixels, channels, x, dy, dx))
            LaunchEight(device, silu ? siluInputEight : inputEight, batch, pixels, channels, new GpuArguments()
                .Put<Word4>(x).Put<Word4>(dy).Put<Word4>(dx).Put<Word4>(Floats(gains, 2L * batch * channels))
                .Put<Word4>(Floats(factors, 3L * batch * channels)));
        else
            (silu ? siluInput : input).LaunchFor(device, x.Count, new GpuArguments().Put<T>(x).Put<T>(dy)
                .Put<T>(dx).Put(gains, 2L * batch * channels).Put(factors, 3L * batch * channels).Put(pixels)
                .Put(channels));
    }

    private static View Floats(float* address, long count) => new((nint)address, count, DType.Float32);

    private static void Total(GpuDevice device, double* partial, double* sums, int batch, int blocks, int channels) =>
        totals.LaunchFor(device, 2L * batch * channels, new GpuArguments().Put(partial, 2L * batch * blocks * channels)
            .Put(sums, 2L * batch * channels).Put(channels).Put(blocks));

    // partial[sample, block, sum, channel]
    private static void Moments(
        ArrayView<T> x, ArrayView<double> partial, int pixels, int channels, int blocks)
    {
        var item = GpuThread.Index;
        if (2 * item >= partial.Length) return;
        long slab = item / channels, c = item - slab * channels, n = slab / blocks;
        var first = (slab - n * blocks) * PixelsOfBlock;
        var last = first + PixelsOfBlock < pixels ? first + PixelsOfBlock : pixels;
        double sum = 0, squares = 0;
        for (var p = first; p < last; p++)
        {
            double value = TNumber.ToSingle(x[(n * pixels + p) * channels + c]);
            sum += value;
            squares += value * value;
        }
        partial[2 * slab * channels + c] = sum;
        partial[(2 * slab + 1) * channels + c] = squares;
    }

    private static void Gradients<TActivation>(ArrayView<T> x, ArrayView<T> dy, ArrayView<float> gains,
        ArrayView<double> partial, int pixels, int channels, int blocks) where TActivation : struct, IActivation
    {
        var item = GpuThread.Index;
        if (2 * item >= partial.Length) return;
        long slab = item / channels, c = item - slab * channels, n = slab / blocks;
        var first = (slab - n * blocks) * PixelsOfBlock;
        var last = first + PixelsOfBlock < pixels ? first + PixelsOfBlock : pixels;
        GpuLane gain = gains[2 * n * channels + c], offset = gains[(2 * n + 1) * channels + c];
        double sum = 0, product = 0;
        for (var p = first; p < last; p++)
        {
            var at = (n * pixels + p) * channels + c;
            GpuLane value = TNumber.ToSingle(x[at]);
            double dz = TActivation.Backward<GpuLane>(
                GpuLane.MultiplyAdd(value, gain, offset), TNumber.ToSingle(dy[at])).Value;
            sum += dz;
            product += dz * value.Value;
        }
        partial[2 * slab * channels + c] = sum;
        partial[(2 * slab + 1) * channels + c] = product;
    }

    // sums[sample, sum, channel]
    private static void Totals(ArrayView<double> partial, ArrayView<double> sums, int channels, int blocks)
    {
        var item = GpuThread.Index;
        if (item >= sums.Length) return;
        long row = item / channels, c = item - row * channels, n = row / 2, which = row - 2 * n;
        double sum = 0;
        for (long b = 0; b < blocks; b++) sum += partial[(2 * (n * blocks + b) + which) * channels + c];
        sums[item] = sum;
    }

    private static void Affine<TActivation>(ArrayView<T> x, ArrayView<T> y, ArrayView<float> gains,
        int pixels, int channels) where TActivation : struct, IActivation
    {
        var at = GpuThread.Index;
        if (at >= x.Length) return;
        long pixel = at / channels, c = at - pixel * channels, n = pixel / pixels;
        y[at] = TNumber.FromSingle(TActivation.Forward<GpuLane>(GpuLane.MultiplyAdd(
            TNumber.ToSingle(x[at]), gains[2 * n * channels + c], gains[(2 * n + 1) * channels + c])));
    }

    private static void Input<TActivation>(ArrayView<T> x, ArrayView<T> dy, ArrayView<T> dx,
        ArrayView<float> gains, ArrayView<float> factors, int pixels, int channels)
        where TActivation : struct, IActivation
    {
        var at = GpuThread.Index;
        if (at >= x.Length) return;
        long pixel = at / channels, c = at - pixel * channels, n = pixel / pixels;
        GpuLane value = TNumber.ToSingle(x[at]);
        var dz = TActivation.Backward<GpuLane>(GpuLane.MultiplyAdd(
            value, gains[2 * n * channels + c], gains[(2 * n + 1) * channels + c]), TNumber.ToSingle(dy[at]));
        var rest = GpuLane.MultiplyAdd(
            value, factors[(3 * n + 1) * channels + c], factors[(3 * n + 2) * channels + c]);
        dx[at] = TNumber.FromSingle(GpuLane.MultiplyAdd(dz, factors[3 * n * channels + c], rest));
    }
}
