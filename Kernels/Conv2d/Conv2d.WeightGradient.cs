using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Conv2d
{
    private static void WeightGradientSimd(CpuDevice device, Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        var taps = TapSet.Forward(g);
        for (var group = 0; group < g.Groups; group++)
        {
            var images = new TapRows(args.X.F32 + group * g.GroupChannels, (g.Height, g.Width), g.Channels, g.GroupChannels,
                (g.OutHeight, g.OutWidth), taps);
            var filters = (nint)group * g.GroupFilters;
            GatherGradient.Run(device, images, args.DY.F32 + filters, g.Filters, (long)g.Batch * g.OutHeight * g.OutWidth,
                g.GroupFilters, g.GroupChannels, g.Taps, args.DWeight.F32 + filters * g.GroupChannels * g.Taps);
        }
    }
}
