using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Turns one block's map into tokens: average to at most p x p, norm, 1x1 convolution, rows one after the
/// other. State: <c>1</c> the norm, <c>2</c> the convolution.</summary>
internal sealed class Tokeniser : Layer
{
    private readonly FeatureInfo block;
    private readonly MapSize size;
    private readonly Layer norm;
    private readonly Conv2d conv;

    public Tokeniser(FeatureInfo block, int features, int pool, TokenNorm kind)
    {
        this.block = block;
        size = SizeOf(block, pool);
        norm = Child("1", kind == TokenNorm.Batch
            ? (Layer)new BatchNorm2d(block.Channels)
            : new MapLayerNorm(block.Channels, size.Height, size.Width));
        conv = Child("2", new Conv2d(block.Channels, features, 1));
    }

    /// <summary>Height and width of the tokens.</summary>
    public MapSize Size => size;

    /// <summary>Height and width after pooling: a smaller map stays as it is.</summary>
    public static MapSize SizeOf(FeatureInfo block, int pool) =>
        new(Math.Min(block.Size.Height, pool), Math.Min(block.Size.Width, pool));

    protected override Tensor Compute(Tensor x)
    {
        if (x.Rank != 4 || x.Shape[3] != block.Channels)
            throw new ShapeException($"{block} was expected, found a map {x.Shape}");
        var fits = x.Shape[1] == size.Height && x.Shape[2] == size.Width;
        var h = conv.Forward(norm.Forward(fits ? x : x.AdaptiveAvgPool2d((size.Height, size.Width))));
        return h.Reshape([h.Shape[0], size.Count, h.Shape[3]]);
    }
}
