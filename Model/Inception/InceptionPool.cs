using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What a branch of an Inception block does before its convolutions.</summary>
internal enum InceptionPool
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The mean of 3 x 3 pixels, without those outside the map.</summary>
    Mean,

    /// <summary>The maximum of 3 x 3 pixels; the map keeps its size.</summary>
    Maximum,

    /// <summary>The maximum of every other 3 x 3 pixels, without a margin.</summary>
    Halving,
}

/// <summary>The pools of Inception blocks.</summary>
internal static class InceptionPools
{
    extension(InceptionPool pool)
    {
        /// <summary>Pools a map [N, H, W, C].</summary>
        public Tensor Of(Tensor x) => pool switch
        {
            // A mean that counts the margin as zeros, over the share of the window that is no margin.
            InceptionPool.Mean => x.AvgPool2d(3, 1, 1)
                / Tensor.Ones([1, x.Shape[1], x.Shape[2], 1], x.DType, x.Device).AvgPool2d(3, 1, 1),
            InceptionPool.Maximum => x.MaxPool2d(3, 1, 1),
            InceptionPool.Halving => x.MaxPool2d(3, 2),
            _ => x,
        };
    }
}
