using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Benchmarks.Worker;

/// <summary>A piece of work under the name that every compared program knows (<c>Benchmarks/peers/cases.py</c> lists
/// them), with the same numbers in every program.</summary>
internal abstract partial class PeerCase : IDisposable
{
    /// <summary>What came out of the first call: equal in all programs, up to rounding.</summary>
    public abstract double[] Check();

    /// <summary>True when a call changes what the next one finds.</summary>
    public virtual bool Trains => false;

    /// <summary>What is timed.</summary>
    public abstract void Run();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The case of a name; null when there is none.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Where and how it is calculated.</param>
    /// <param name="checkpoint">The 256-pixel network's; null to keep its weights in memory.</param>
    public static PeerCase? Find(string name, WorkerMode mode, string? checkpoint = null)
    {
        var match = Pattern().Match(name);
        if (!match.Success) return null;
        var batch = match.Groups["batch"] is { Success: true } b ? int.Parse(b.Value, CultureInfo.InvariantCulture) : 1;
        int[] n = [.. match.Groups["numbers"].Value.Split('_', 'x').Where(part => part.Length > 0)
            .Select(part => int.Parse(part.TrimStart('b'), CultureInfo.InvariantCulture))];
        return (match.Groups["kind"].Value, n) switch
        {
            ("gemm", [var side]) => InferenceCase.MatMul(mode, side, side, side),
            ("gemm", [var m, var columns, var depth]) => InferenceCase.MatMul(mode, m, columns, depth),
            ("copy", [var mebibytes]) => InferenceCase.Copy(mode, mebibytes),
            ("conv1", [var channels, var filters, var size]) =>
                InferenceCase.Conv(mode, batch, channels, filters, size, 1),
            ("conv3", [var channels, var filters, var size]) =>
                InferenceCase.Conv(mode, batch, channels, filters, size, 3),
            ("gnsilu", [var channels, var size]) => InferenceCase.Norm(mode, batch, channels, size),
            ("attn", [var channels, var size]) => InferenceCase.Attention(mode, batch, channels, size),
            ("res", [var channels, var filters, var size]) =>
                InferenceCase.Block(mode, batch, new(channels, filters, size)),
            ("unet", [256]) => InferenceCase.Network(mode, batch, null, checkpoint),
            ("unet", [256, 24]) => InferenceCase.Network(mode, batch, 24, checkpoint),
            ("train", [var size]) => PretrainCase.Of(mode, size, batch, recompute: false),
            ("recompute", [var size]) => PretrainCase.Of(mode, size, batch, recompute: true),
            ("pretrain_step", []) => PretrainCase.Small(mode),
            ("sample_step", []) => new SampleCase(mode),
            ("head_step", []) => HeadCase.Small(mode),
            ("diffeed_step", []) => HeadCase.SmallFeedback(mode),
            ("diffeed", [256]) => HeadCase.LargeFeedback(mode, batch),
            _ => null,
        };
    }

    [GeneratedRegex(@"^(?<kind>(pretrain|sample|head|diffeed)_step|[a-z]+[13]?)(?<numbers>_\d{1,6}([x_]b?\d{1,6})*)?"
        + @"(_n(?<batch>\d{1,3}))?$")]
    private static partial Regex Pattern();
}
