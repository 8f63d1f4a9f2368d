using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The maps of all images at one timestep and block, in one tensor or, image after image, in several.
/// </summary>
/// <param name="parts">[images, draws, C, H, W] each.</param>
internal sealed class FeatureColumn(IReadOnlyList<Tensor> parts)
{
    private readonly int[] firsts = Firsts(parts);

    /// <summary>The tensors.</summary>
    public IReadOnlyList<Tensor> Parts => parts;

    /// <summary>[draws, C, H, W] of an image.</summary>
    public Shape Row { get; } = Shape.Of(parts[0].Shape.ToArray().AsSpan(1));

    /// <summary>The maps of some images at one draw: float32 [items, C, H, W].</summary>
    public Tensor Rows(IReadOnlyList<int> items, int draw) =>
        Tensor.Concat(0, [.. items.Select(item =>
        {
            var part = Array.FindLastIndex(firsts, first => first <= item);
            return parts[part].Slice(0, item - firsts[part], 1).Slice(1, draw, 1).Squeeze(1);
        })]).To(DType.Float32);

    private static int[] Firsts(IReadOnlyList<Tensor> parts)
    {
        var firsts = new int[parts.Count];
        for (var i = 1; i < firsts.Length; i++) firsts[i] = firsts[i - 1] + parts[i - 1].Shape.Int(0);
        return firsts;
    }
}
