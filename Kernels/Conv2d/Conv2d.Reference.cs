using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    private static void ForwardReference(CpuDevice device, Conv2dArgs args)
    {
        var g = args.Geometry;
        device.For(g.Batch * g.OutHeight, row =>
        {
            var (n, i) = (row / g.OutHeight, row % g.OutHeight);
            for (var j = 0; j < g.OutWidth; j++)
            {
                for (var f = 0; f < g.Filters; f++)
                {
                    var at = (((long)n * g.OutHeight + i) * g.OutWidth + j) * g.Filters + f;
                    var first = f / g.GroupFilters * g.GroupChannels;
                    double sum = args.Bias.Exists ? args.Bias.F64[f] : 0;
                    for (var p = 0; p < g.Kernel.H; p++)
                    {
                        for (var q = 0; q < g.Kernel.W; q++)
                        {
                            var y = i * g.Stride.H + p * g.Dilation.H - g.Padding.H;
                            var x = j * g.Stride.W + q * g.Dilation.W - g.Padding.W;
                            if (y < 0 || y >= g.Height || x < 0 || x >= g.Width) continue;
                            var pixel = args.Input.F64 + (((long)n * g.Height + y) * g.Width + x) * g.Channels + first;
                            for (var c = 0; c < g.GroupChannels; c++)
                                sum += pixel[c] * args.Weight.F64[WeightIndex(g, f, c, p, q)];
                        }
                    }
                    args.Output.F64[at] = args.Residual.Exists ? sum + args.Residual.F64[at] : sum;
                }
            }
        });
    }

    private static void InputGradientReference(CpuDevice device, Conv2dArgs args)
    {
        var g = args.Geometry;
        device.For(g.Batch * g.Height, row =>
        {
            var (n, y) = (row / g.Height, row % g.Height);
            for (var x = 0; x < g.Width; x++)
            {
                for (var c = 0; c < g.Channels; c++)
                {
                    var at = (((long)n * g.Height + y) * g.Width + x) * g.Channels + c;
                    var group = c / g.GroupChannels;
                    double sum = args.Bias.Exists ? args.Bias.F64[c] : 0;
                    for (var p = 0; p < g.Kernel.H; p++)
                    {
                        for (var q = 0; q < g.Kernel.W; q++)
                        {
                            // The positions i with i*stride + p*dilation - padding = y.
                            var (i, restY) = Math.DivRem(y + g.Padding.H - p * g.Dilation.H, g.Stride.H);
                            var (j, restX) = Math.DivRem(x + g.Padding.W - q * g.Dilation.W, g.Stride.W);
                            if (restY != 0 || i < 0 || i >= g.OutHeight) continue;
                            if (restX != 0 || j < 0 || j >= g.OutWidth) continue;
                            var pixel = args.Input.F64 + (((long)n * g.OutHeight + i) * g.OutWidth + j) * g.Filters;
                            for (var f = group * g.GroupFilters; f < (group + 1) * g.GroupFilters; f++)
                                sum += pixel[f] * args.Weight.F64[WeightIndex(g, f, c % g.GroupChannels, p, q)];
                        }
                    }
                    args.Output.F64[at] = args.Residual.Exists ? sum + args.Residual.F64[at] : sum;
                }
            }
        });
    }

    private static void WeightGradientReference(CpuDevice device, Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        device.For(g.Filters, f =>
        {
            for (var c = 0; c < g.GroupChannels; c++)
            {
                for (var p = 0; p < g.Kernel.H; p++)
                {
                    for (var q = 0; q < g.Kernel.W; q++)
                    {
                        double sum = 0;
                        for (long row = 0; row < (long)g.Batch * g.OutHeight; row++)
                        {
                            var y = row % g.OutHeight * g.Stride.H + p * g.Dilation.H - g.Padding.H;
                            if (y < 0 || y >= g.Height) continue;
                            for (var j = 0; j < g.OutWidth; j++)
                            {
                                var x = j * g.Stride.W + q * g.Dilation.W - g.Padding.W;
                                if (x < 0 || x >= g.Width) continue;
                                var pixel = (row / g.OutHeight * g.Height + y) * g.Width + x;
                                sum += args.DY.F64[(row * g.OutWidth + j) * g.Filters + f]
                                    * args.X.F64[pixel * g.Channels + f / g.GroupFilters * g.GroupChannels + c];
                            }
                        }
                        args.DWeight.F64[WeightIndex(g, f, c, p, q)] = sum;
                    }
                }
            }
        });
    }

    private static long WeightIndex(in Conv2dGeometry g, int f, int c, int p, int q) =>
        (((long)f * g.GroupChannels + c) * g.Kernel.H + p) * g.Kernel.W + q;
}
