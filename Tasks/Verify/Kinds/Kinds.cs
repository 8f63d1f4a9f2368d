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
        FileKinds.Table,
        ConvKinds.Table,
        ResizeKinds.Table,
        PointwiseKinds.Table,
        NormKinds.Table,
        AttentionKinds.Table,
        DiffusionKinds.Table,
        ImageKinds.Table,
        OptimKinds.Table,
    }.SelectMany(table => table).ToFrozenDictionary(StringComparer.Ordinal);
}
