using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How a GPU may read memory.</summary>
internal static class GpuViews
{
    /// <summary>True when all of these arrays can be taken 16 bytes at a time: addresses and lengths are multiples of
    /// that. Absent views do not matter.</summary>
    public static bool InPacks(params ReadOnlySpan<View> views)
    {
        foreach (var view in views)
            if (view.Exists && (view.Address % 16 != 0 || view.Count * view.DType.Size() % 16 != 0)) return false;
        return true;
    }
}
