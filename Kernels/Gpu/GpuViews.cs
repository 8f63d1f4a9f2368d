using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How a GPU may read memory.</summary>
internal static class GpuViews
{
    /// <summary>True when all of these floats can be taken four at a time: addresses and lengths are multiples of four
    /// floats. Absent views do not matter.</summary>
    public static bool InFours(params ReadOnlySpan<View> views)
    {
        foreach (var view in views)
            if (view.Exists && (view.Address % 16 != 0 || view.Count % 4 != 0)) return false;
        return true;
    }
}
