using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Self-attention of packed queries, keys and values.</summary>
/// <param name="Qkv">Input [batch, tokens, 3 heads width].</param>
/// <param name="Y">Output [batch, tokens, heads width], head by head.</param>
/// <param name="LogSumExp">[batch, heads, tokens]: logarithm of each softmax's denominator, in float32 where the input
/// is shorter. Written by forward, unless it is absent; read by backward.</param>
/// <param name="Batch">Samples.</param>
/// <param name="Tokens">Tokens of a sample.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Width">Channels of a head.</param>
/// <param name="Order">How the channels of the input are arranged.</param>
public readonly record struct QkvAttentionArgs(
    View Qkv, View Y, View LogSumExp, int Batch, int Tokens, int Heads, int Width, QkvOrder Order)
    : ICounted
{
    /// <summary>Channels of the output.</summary>
    public int Channels => Heads * Width;

    /// <summary>Two products of every pair of tokens: their score, and the value it weighs.</summary>
    public long Products => 2L * Batch * Tokens * Tokens * Channels;

    /// <summary>First channel of a head's queries in the input.</summary>
    public int Query(int head) => Order == QkvOrder.Legacy ? 3 * head * Width : head * Width;

    /// <summary>First channel of a head's keys in the input.</summary>
    public int Key(int head) => Query(head) + (Order == QkvOrder.Legacy ? Width : Channels);

    /// <summary>First channel of a head's values in the input.</summary>
    public int Value(int head) => Query(head) + 2 * (Order == QkvOrder.Legacy ? Width : Channels);

    /// <summary>What queries and keys are each multiplied by: width^-1/4. Two small factors instead of one on the
    /// product keep half precision in range.</summary>
    public double Scale => 1 / Math.Sqrt(Math.Sqrt(Width));
}

/// <summary>Gradient of <see cref="QkvAttentionArgs"/>.</summary>
/// <param name="Forward">The forward's arguments, its output included.</param>
/// <param name="Dy">Gradient of the output.</param>
/// <param name="DQkv">Gradient of the input.</param>
public readonly record struct QkvAttentionBackwardArgs(QkvAttentionArgs Forward, View Dy, View DQkv) : ICounted
{
    /// <summary>Two gradients of each of the forward's products.</summary>
    public long Products => 2 * Forward.Products;
}

/// <summary>Scaled dot-product self-attention (Vaswani et al. 2017): softmax(s q (s k)ᵀ) v with s = width^-1/4. The
/// matrix of scores is never stored: it is made, used and dropped in tiles that fit a cache (Dao et al. 2022).
/// </summary>
public static unsafe partial class QkvAttention
{
    /// <summary>The attention of every head.</summary>
    public static readonly Kernel<QkvAttentionArgs> Forward = new Kernel<QkvAttentionArgs>("qkv_attention.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, ForwardGpu)
        .OnGpu(DType.Float16, ForwardHalf)
        .OnGpu(DType.BFloat16, ForwardHalf);

    /// <summary>Its gradient; the scores are calculated again.</summary>
    public static readonly Kernel<QkvAttentionBackwardArgs> Backward =
        new Kernel<QkvAttentionBackwardArgs>("qkv_attention.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, BackwardGpu)
            .OnGpu(DType.Float16, BackwardHalf)
            .OnGpu(DType.BFloat16, BackwardHalf);
}
