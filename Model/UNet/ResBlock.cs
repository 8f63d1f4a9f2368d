using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A residual block that the time embedding modulates (Dhariwal and Nichol 2021): norm, SiLU, resampling,
/// convolution, norm with scale and shift, SiLU, dropout, convolution, plus the shortcut. State: <c>in_layers.0</c>,
/// <c>in_layers.2</c>, <c>emb_layers.1</c>, <c>out_layers.0</c>, <c>out_layers.3</c>, <c>skip_connection</c> where the
/// number of channels changes.</summary>
public sealed class ResBlock : Module
{
    private readonly ResPlan plan;
    private readonly GroupNorm inNorm, outNorm;
    private readonly Conv2d inConv, outConv;
    private readonly Linear embedding;
    private readonly Dropout dropout;
    private readonly Conv2d? skip;

    /// <summary>A block as planned.</summary>
    public ResBlock(ResPlan plan)
    {
        this.plan = plan;
        inNorm = Child("in_layers.0", new GroupNorm(plan.InChannels, plan.NormGroups));
        inConv = Child("in_layers.2", new Conv2d(plan.InChannels, plan.OutChannels, 3, padding: 1)
        {
            FeedsNorm = plan.ScaleShift,
        });
        embedding = Child("emb_layers.1",
            new Linear(plan.EmbeddingChannels, plan.ScaleShift ? 2 * plan.OutChannels : plan.OutChannels));
        outNorm = Child("out_layers.0", new GroupNorm(plan.OutChannels, plan.NormGroups));
        dropout = Child("out_layers.2", new Dropout(plan.Dropout));
        outConv = Child("out_layers.3", new Conv2d(plan.OutChannels, plan.OutChannels, 3, padding: 1, zero: true)
        {
            FeedsNorm = true,
        });
        if (plan.SkipKernel > 0)
            skip = Child("skip_connection",
                new Conv2d(plan.InChannels, plan.OutChannels, plan.SkipKernel, padding: plan.SkipKernel / 2));
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x">[N, H, W, in].</param>
    /// <param name="emb">The time embedding [N, E], before its SiLU.</param>
    /// <returns>[N, H', W', out].</returns>
    public Tensor Forward(Tensor x, Tensor emb)
    {
        using var scope = Scope.Open();
        return scope.Keep(ForwardActivated(x, emb.Silu(), owned: false));
    }

    /// <summary>As <see cref="Forward"/>, for an embedding whose SiLU was taken already: once for all blocks.</summary>
    /// <param name="x">[N, H, W, in].</param>
    /// <param name="activated">SiLU of the embedding.</param>
    /// <param name="owned">True when nobody else needs <paramref name="x"/>: its memory is used and released as early
    /// as possible.</param>
    internal Tensor ForwardActivated(Tensor x, Tensor activated, bool owned)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        // The shortcut first, where x is free afterwards; else last, because it would lie idle.
        var early = owned && (skip is not null || plan.Resampling != Resampling.None);
        var shortcut = early ? Shortcut(x) : null;
        var h = inNorm.Forward(x, null, silu: true, inPlace: early);
        if (early) x.Dispose();
        h = Step.After(h, Resample(h));
        h = Step.After(h, inConv.Forward(h));
        h = Step.After(h, Modulate(h, embedding.Forward(activated)));
        h = Step.After(h, dropout.Forward(h));
        shortcut ??= Shortcut(x);
        return scope.Keep(outConv.Forward(h, shortcut, intoResidual: owned || !ReferenceEquals(shortcut, x)));
    }

    private Tensor Shortcut(Tensor x)
    {
        var shortcut = Resample(x);
        return skip is null ? shortcut : Step.After(shortcut, skip.Forward(shortcut), x);
    }

    private Tensor Modulate(Tensor h, Tensor e)
    {
        if (plan.ScaleShift) return outNorm.Forward(h, e, silu: true, inPlace: true);
        using var scope = Scope.Open();
        var shifted = h + e.Reshape([e.Shape[0], 1, 1, e.Shape[1]]);
        return scope.Keep(outNorm.Forward(shifted, null, silu: true, inPlace: true));
    }

    private Tensor Resample(Tensor x) => plan.Resampling switch
    {
        Resampling.Down => x.AvgPool2d(2),
        Resampling.Up => x.UpsampleNearest(2),
        _ => x,
    };
}
