using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a convolution is a product whose left operand is read from the image where it lies (implicit
/// GEMM): rows are pixels, columns channels of the result, the depth runs over taps and the other side's channels.
/// </remarks>
public static unsafe partial class Conv2d
{
    private const long LongestPart = 2048, MostPartials = 1 << 24;

    private static readonly GpuKernel addParts = new(AddParts);

    private static void ForwardGpu(GpuDevice device, Conv2dArgs args)
    {
        if (MmaNumbersFacts.Of(device, args.Input.DType) is { } numbers)
        {
            ForwardMma(device, args, numbers);
            return;
        }
        var g = args.Geometry;
        var depth = (long)g.Taps * g.GroupChannels;
        GpuProduct<GpuConv, ForwardOperands>.Run(device, args.Input, args.Weight, args.Output, args.Bias,
            args.Residual, new((long)g.Batch * g.OutHeight * g.OutWidth, g.GroupFilters, depth, depth, 1),
            new GpuConv(g), g.Groups);
    }

    private static void InputGradientGpu(GpuDevice device, Conv2dArgs args)
    {
        if (MmaNumbersFacts.Of(device, args.Input.DType) is { } numbers)
        {
            InputGradientMma(device, args, numbers);
            return;
        }
        var g = args.Geometry;
        var depth = (long)g.Taps * g.GroupFilters;
        GpuProduct<GpuConv, InputOperands>.Run(device, args.Input, args.Weight, args.Output, args.Bias, args.Residual,
            new((long)g.Batch * g.Height * g.Width, g.GroupChannels, depth, depth, 1), new GpuConv(g), g.Groups);
    }

    // Few rows and columns, a long depth: it is cut into parts by shape alone, which are added up in order.
    private static void WeightGradientGpu(GpuDevice device, Conv2dWeightGradientArgs args)
    {
        if (MmaNumbersFacts.Of(device, args.X.DType) is { } numbers)
        {
            WeightGradientMma(device, args, numbers);
            return;
        }
        var g = args.Geometry;
        long depth = (long)g.Batch * g.OutHeight * g.OutWidth, weights = args.DWeight.Count;
        var parts = (int)Math.Clamp(Math.Min((depth + LongestPart - 1) / LongestPart, MostPartials / weights), 1, 1024);
        var part = Math.Max(1, (depth + parts - 1) / parts);
        var size = new GpuProductSize(g.GroupFilters, (long)g.GroupChannels * g.Taps, depth, part, parts);
        using var scratch = new Scratch(device, parts * weights * sizeof(float));
        var partial = new View((nint)scratch.F32, parts * weights, DType.Float32);
        GpuProduct<GpuGradient, GpuGradient>.Run(device, args.DY, args.X, parts == 1 ? args.DWeight : partial, default,
            default, size, new GpuGradient(new GpuConv(g), parts, weights), g.Groups);
        if (parts > 1)
            addParts.LaunchFor(device, weights,
                new GpuArguments().Put<float>(partial).Put<float>(args.DWeight).Put(parts));
    }

    private static void AddParts(ArrayView<float> partial, ArrayView<float> sums, int parts)
    {
        var i = GpuThread.Index;
        if (i >= sums.Length) return;
        double sum = 0;
        for (var p = 0; p < parts; p++) sum += partial[p * sums.Length + i];
        sums[i] = (float)sum;
    }

    // Rows are output pixels, the depth is (tap, channel), columns are filters of group z.
    private readonly struct ForwardOperands : IGpuOperands<GpuConv>
    {
        public static float Left(ArrayView<float> x, GpuConv g, int z, long row, long k)
        {
            long tap = k / g.GroupChannels, c = k - tap * g.GroupChannels, p = tap / g.KernelW, q = tap - p * g.KernelW;
            long line = row / g.OutWidth, j = row - line * g.OutWidth;
            long n = line / g.OutHeight, i = line - n * g.OutHeight;
            long h = i * g.StrideH + p * g.DilationH - g.PaddingH, w = j * g.StrideW + q * g.DilationW - g.PaddingW;
            if (h < 0 || h >= g.Height || w < 0 || w >= g.Width) return 0;
            return x[((n * g.Height + h) * g.Width + w) * g.Channels + (long)z * g.GroupChannels + c];
        }

        public static float Right(ArrayView<float> weight, GpuConv g, int z, long k, long column)
        {
            long tap = k / g.GroupChannels, c = k - tap * g.GroupChannels, p = tap / g.KernelW, q = tap - p * g.KernelW;
            return weight[g.Weight((long)z * g.GroupFilters + column, c, p, q)];
        }

        public static long Place(GpuConv g, int z, long row, long column) =>
            row * g.Filters + (long)z * g.GroupFilters + column;

        public static long Bias(GpuConv g, int z, long column) => (long)z * g.GroupFilters + column;
    }

    // Rows are input pixels, the depth is (tap, filter), columns are channels of group z.
    private readonly struct InputOperands : IGpuOperands<GpuConv>
    {
        public static float Left(ArrayView<float> dy, GpuConv g, int z, long row, long k)
        {
            long tap = k / g.GroupFilters, f = k - tap * g.GroupFilters, p = tap / g.KernelW, q = tap - p * g.KernelW;
            long line = row / g.Width, w = row - line * g.Width, n = line / g.Height, h = line - n * g.Height;
            // The positions i with i stride + p dilation - padding = h.
            long y = h + g.PaddingH - p * g.DilationH, x = w + g.PaddingW - q * g.DilationW;
            long i = y / g.StrideH, j = x / g.StrideW;
            if (y < 0 || x < 0 || i * g.StrideH != y || j * g.StrideW != x || i >= g.OutHeight || j >= g.OutWidth)
                return 0;
            return dy[((n * g.OutHeight + i) * g.OutWidth + j) * g.Filters + (long)z * g.GroupFilters + f];
        }

        public static float Right(ArrayView<float> weight, GpuConv g, int z, long k, long column)
        {
            long tap = k / g.GroupFilters, f = k - tap * g.GroupFilters, p = tap / g.KernelW, q = tap - p * g.KernelW;
            return weight[g.Weight((long)z * g.GroupFilters + f, column, p, q)];
        }

        public static long Place(GpuConv g, int z, long row, long column) =>
            row * g.Channels + (long)z * g.GroupChannels + column;

        public static long Bias(GpuConv g, int z, long column) => (long)z * g.GroupChannels + column;
    }

    // Rows are filters of a group, the depth is output pixels, columns are (channel, tap). The result's z counts parts
    // of the depth within a group.
    private readonly struct GpuGradient(GpuConv geometry, int parts, long weights) : IGpuOperands<GpuGradient>
    {
        private readonly GpuConv geometry = geometry;
        private readonly long weights = weights;
        private readonly int parts = parts;

        public static float Left(ArrayView<float> dy, GpuGradient s, int z, long row, long k) =>
            dy[k * s.geometry.Filters + (long)z * s.geometry.GroupFilters + row];

        public static float Right(ArrayView<float> x, GpuGradient s, int z, long k, long column)
        {
            var g = s.geometry;
            long cp = column / g.KernelW, q = column - cp * g.KernelW, c = cp / g.KernelH, p = cp - c * g.KernelH;
            long line = k / g.OutWidth, j = k - line * g.OutWidth, n = line / g.OutHeight, i = line - n * g.OutHeight;
            long h = i * g.StrideH + p * g.DilationH - g.PaddingH, w = j * g.StrideW + q * g.DilationW - g.PaddingW;
            if (h < 0 || h >= g.Height || w < 0 || w >= g.Width) return 0;
            return x[((n * g.Height + h) * g.Width + w) * g.Channels + (long)z * g.GroupChannels + c];
        }

        public static long Place(GpuGradient s, int z, long row, long column)
        {
            int group = z / s.parts, part = z - group * s.parts;
            var g = s.geometry;
            return part * s.weights + ((long)group * g.GroupFilters + row) * g.GroupChannels * g.KernelH * g.KernelW
                + column;
        }

        public static long Bias(GpuGradient s, int z, long column) => 0;
    }
}
