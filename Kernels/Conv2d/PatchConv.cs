using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The input's gradient of a convolution whose windows neither overlap nor leave gaps (kernel = stride): every
/// pixel of dy gives one window of dx, so that a row of a window is a row of a product [pixels, F] x [F, kW * C], and
/// nothing is gathered or added up. Also the transposed convolution that doubles an image.</summary>
internal static unsafe class PatchConv
{
    /// <summary>True when this is possible.</summary>
    public static bool Fits(in Conv2dGeometry g) => g.Kernel == g.Stride && g.Kernel != 1 && g.Padding == 0
        && g.Dilation == 1 && g.Groups == 1 && g.Height == g.OutHeight * g.Kernel.H
        && g.Width == g.OutWidth * g.Kernel.W;

    /// <summary>Bytes of the packed weight: panels of [F, (q, c)] for each row p of a window.</summary>
    public static long PackedBytes(in Conv2dGeometry g) =>
        g.Kernel.H * Panels.Floats(g.Filters, g.Kernel.W * g.Channels) * sizeof(float);

    /// <summary>Packs a weight [F, C, kH, kW].</summary>
    public static void Pack(CpuDevice device, float* weight, Conv2dGeometry g, float* packed)
    {
        var (columns, plane) = (g.Kernel.W * g.Channels, g.Taps);
        var panels = Panels.Count(columns);
        device.For(g.Kernel.H * panels, t =>
        {
            var (p, panel) = (t / panels, t % panels);
            var to = packed + (nint)t * g.Filters * Tile.Columns;
            for (var f = 0; f < g.Filters; f++)
            {
                var filter = weight + (nint)f * g.Channels * plane + p * g.Kernel.W;
                for (var j = 0; j < Tile.Columns; j++)
                {
                    var (q, c) = Math.DivRem(panel * Tile.Columns + j, g.Channels);
                    *to++ = q < g.Kernel.W ? filter[(nint)c * plane + q] : 0;
                }
            }
        });
    }

    /// <summary>Calculates dx (plus bias and residual) with a packed weight.</summary>
    public static void Run(CpuDevice device, in Conv2dArgs args, float* packed)
    {
        var g = args.Geometry;
        var columns = g.Kernel.W * g.Channels;
        using var repeated = new Scratch(device, columns * sizeof(float));
        for (var j = 0; args.Bias.Exists && j < columns; j++) repeated.F32[j] = args.Bias.F32[j % g.Channels];
        var finish = new RowFinish(args.Bias.Exists ? repeated.F32 : null);
        var left = new LeftRows(args.Input.F32, g.Filters);
        for (var p = 0; p < g.Kernel.H; p++, packed += Panels.Floats(g.Filters, columns))
        {
            var target = new TargetGrid(args.Output.F32, args.Residual.F32, (g.Height, g.Width), g.Channels,
                (g.OutHeight, g.OutWidth), g.Stride, (p, 0));
            Gemm.Run(device, left, (long)g.Batch * g.OutHeight * g.OutWidth, packed, g.Filters, columns, target,
                finish);
        }
    }
}
