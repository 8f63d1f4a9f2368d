using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Images between the network's [-1, 1] and bytes.</summary>
public static class ImageBytes
{
    /// <summary>(x + 1) 127.5, limited to 0 … 255 and truncated, as the published samples were written.</summary>
    /// <param name="x">Any shape, -1 … 1.</param>
    /// <returns>UInt8, of the same shape.</returns>
    public static Tensor From(Tensor x)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return scope.Keep(((x + 1) * 127.5).Clamp(0, 255).To(DType.UInt8));
    }
}
