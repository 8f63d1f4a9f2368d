namespace Diffract.Kernels;

/// <summary>Slices in shared memory that go round between who fetches and who multiplies. Of every stage one mbarrier
/// says that the slice has come, another that it may be overwritten.</summary>
internal sealed class HopperRing
{
    private const int BarrierBytes = 8;

    private readonly PtxWriter k;
    private readonly HopperTile tile;
    private readonly PtxValue slices, full, empty;

    /// <summary>Makes the mbarriers; all threads of the block come here.</summary>
    public HopperRing(PtxWriter k, HopperTile tile)
    {
        (this.k, this.tile) = (k, tile);
        slices = k.Shared(tile.StageBytes * tile.Stages, 1024);
        full = k.Shared(BarrierBytes * tile.Stages, BarrierBytes);
        empty = k.Shared(BarrierBytes * tile.Stages, BarrierBytes);
        k.If(k.Thread.EqualTo(0), () =>
        {
            for (var s = 0; s < tile.Stages; s++)
            {
                Make(full, s, 1);
                Make(empty, s, HopperTile.Consumers * HopperTile.GroupThreads / 32);
            }
            k.Emit("fence.mbarrier_init.release.cluster;");
        });
        k.Barrier();

        void Make(PtxValue barriers, int stage, int arrivals) =>
            k.Emit($"mbarrier.init.shared::cta.b64 [{barriers}+{stage * BarrierBytes}], {arrivals};");
    }

    /// <summary>A place in the ring, at its beginning. What is fetched need not wait in the first round: before the
    /// first phase of an mbarrier the one before it counts as over.</summary>
    public Place Begin(bool fetches) => new(this, fetches);

    /// <summary>Where a thread is in the ring.</summary>
    internal sealed class Place
    {
        private readonly HopperRing ring;
        private readonly PtxWriter k;
        private readonly PtxValue stage, parity;

        internal Place(HopperRing ring, bool fetches)
        {
            (this.ring, k) = (ring, ring.k);
            stage = k.Variable(PtxNumber.U32, 0);
            parity = k.Variable(PtxNumber.U32, fetches ? 1 : 0);
        }

        /// <summary>Byte in shared memory where the stage's slice begins.</summary>
        public PtxValue Slice => ring.slices + stage * ring.tile.StageBytes;

        /// <summary>The mbarrier that the stage's copies complete.</summary>
        public PtxValue Full => ring.full + stage * BarrierBytes;

        /// <summary>The mbarrier where those arrive who need the stage's slice no longer.</summary>
        public PtxValue Empty => ring.empty + stage * BarrierBytes;

        /// <summary>Waits for this round's phase of one of the stage's mbarriers.</summary>
        public void Wait(PtxValue barrier)
        {
            var again = k.Label();
            k.Place(again);
            var over = k.Make(PtxNumber.Predicate,
                $"mbarrier.try_wait.parity.shared::cta.b64 {{0}}, [{barrier}], {parity};");
            k.Emit($"@!{over} bra {again};");
        }

        /// <summary>Goes on to the next stage.</summary>
        public void Advance()
        {
            k.Set(stage, stage + 1);
            var isOver = stage.EqualTo(ring.tile.Stages);
            k.Set(stage, isOver.Choose(0, stage));
            k.Set(parity, isOver.Choose(parity ^ 1, parity));
        }
    }
}
