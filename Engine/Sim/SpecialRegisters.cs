namespace Diffract.Engine.Sim;

/// <summary>Registers that hold where a thread is (PTX ISA 8.4, chapter 10).</summary>
internal static class SpecialRegisters
{
    /// <summary>What a register holds in a lane; null for one that is not known.</summary>
    public static Func<SimWarp, int, ulong>? Find(string name) => name switch
    {
        "%tid.x" => (w, l) => (ulong)(Thread(w, l) % w.Block.Launch.Size.Block.X),
        "%tid.y" => (w, l) => (ulong)(Thread(w, l) / w.Block.Launch.Size.Block.X % w.Block.Launch.Size.Block.Y),
        "%tid.z" => (w, l) => (ulong)(Thread(w, l) / w.Block.Launch.Size.Block.X / w.Block.Launch.Size.Block.Y),
        "%ntid.x" => (w, _) => (ulong)w.Block.Launch.Size.Block.X,
        "%ntid.y" => (w, _) => (ulong)w.Block.Launch.Size.Block.Y,
        "%ntid.z" => (w, _) => (ulong)w.Block.Launch.Size.Block.Z,
        "%ctaid.x" => (w, _) => (ulong)w.Block.Position.X,
        "%ctaid.y" => (w, _) => (ulong)w.Block.Position.Y,
        "%ctaid.z" => (w, _) => (ulong)w.Block.Position.Z,
        "%nctaid.x" => (w, _) => (ulong)w.Block.Launch.Size.Grid.X,
        "%nctaid.y" => (w, _) => (ulong)w.Block.Launch.Size.Grid.Y,
        "%nctaid.z" => (w, _) => (ulong)w.Block.Launch.Size.Grid.Z,
        "%laneid" => (_, l) => (ulong)l,
        "%warpid" => (w, _) => (ulong)w.Index,
        "%lanemask_lt" => (_, l) => (1UL << l) - 1,
        "%lanemask_le" => (_, l) => (2UL << l) - 1,
        "%lanemask_eq" => (_, l) => 1UL << l,
        "%nwarpid" => (w, _) => (ulong)w.Block.WarpCount,
        // Every block is a cluster of its own.
        "%clusterid.x" => (w, _) => (ulong)w.Block.Position.X,
        "%clusterid.y" => (w, _) => (ulong)w.Block.Position.Y,
        "%clusterid.z" => (w, _) => (ulong)w.Block.Position.Z,
        "%nclusterid.x" => (w, _) => (ulong)w.Block.Launch.Size.Grid.X,
        "%nclusterid.y" => (w, _) => (ulong)w.Block.Launch.Size.Grid.Y,
        "%nclusterid.z" => (w, _) => (ulong)w.Block.Launch.Size.Grid.Z,
        "%cluster_ctaid.x" or "%cluster_ctaid.y" or "%cluster_ctaid.z" or "%cluster_ctarank"
            or "%is_explicit_cluster" => (_, _) => 0,
        "%cluster_nctaid.x" or "%cluster_nctaid.y" or "%cluster_nctaid.z" or "%cluster_nctarank" => (_, _) => 1,
        "%dynamic_smem_size" => (w, _) => (ulong)w.Block.Launch.Size.DynamicShared,
        _ => null,
    };

    private static int Thread(SimWarp warp, int lane) => warp.Index * SimWarp.Lanes + lane;
}
