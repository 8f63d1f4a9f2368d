using System.Collections.Frozen;

namespace Diffract.Tasks;

/// <summary>Runs the case of one kind.</summary>
internal delegate void KindRunner(VerifyCase c);

/// <summary>What can be verified: the families' tables in one.</summary>
internal static class Kinds
{
    /// <summary>The runners by kind.</summary>
    public static FrozenDictionary<string, KindRunner> All { get; } = new Dictionary<string, KindRunner>[]
    {
        ConvKinds.Table,
        PointwiseKinds.Table,
        NormKinds.Table,
        AttentionKinds.Table,
        ResizeKinds.Table,
        LossKinds.Table,
        BlockKinds.Table,
        WeightKinds.Table,
        NetworkKinds.Table,
        HeadKinds.Table,
        SystemKinds.Table,
        MetricKinds.Table,
        DiffusionKinds.Table,
        DiffusionStepKinds.Table,
        DiffusionLoopKinds.Table,
        OptimKinds.Table,
        ImageKinds.Table,
        FileKinds.Table,
    }.SelectMany(table => table).ToFrozenDictionary(StringComparer.Ordinal);
}
