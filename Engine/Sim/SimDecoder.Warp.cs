namespace Diffract.Engine.Sim;

/// <summary>What the lanes of a warp and the warps of a block do together (sections 9.7.9.6, 9.7.12).</summary>
internal sealed partial class SimDecoder
{
    // shfl.sync.mode.b32 d|p, a, b, c, members: c holds the last lane of a segment and the mask of its first.
    private Action<SimWarp, uint> Shuffle(PtxStatement s)
    {
        Allow(s, "sync", "up", "down", "bfly", "idx");
        if (!s.Has("sync")) throw Unknown(s);
        var names = s.Operands[0].Text.Split('|');
        var to = program.Target(new PtxOperand(names[0]), s);
        var inRange = names.Length > 1 ? program.Target(new PtxOperand(names[1]), s) : -1;
        int a = Source(s, 1), b = Source(s, 2), c = Source(s, 3), members = Source(s, 4);
        var mode = s.Words[2];
        return (warp, lanes) =>
        {
            NeedMembers(warp, lanes, members, s.Name);
            var rows = warp.Registers;
            Span<ulong> values = stackalloc ulong[SimWarp.Lanes];
            rows.AsSpan(a, SimWarp.Lanes).CopyTo(values);
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                int by = (int)(rows[b + l] & 31), bound = (int)(rows[c + l] & 31), mask = (int)(rows[c + l] >> 8 & 31);
                int last = (l & mask) | (bound & ~mask), first = l & mask;
                var from = mode switch
                {
                    "up" => l - by,
                    "down" => l + by,
                    "bfly" => l ^ by,
                    _ => first | (by & ~mask),
                };
                var good = mode == "up" ? from >= last : from <= last;
                if (!good) from = l;
                if ((lanes >> from & 1) == 0)
                    throw new SimException($"lane {l} takes the value of lane {from}, which is not here");
                if (inRange >= 0) rows[inRange + l] = good ? 1u : 0u;
                rows[to + l] = (uint)values[from];
            }
        };
    }

    private Action<SimWarp, uint> Vote(PtxStatement s)
    {
        Allow(s, "sync", "all", "any", "uni", "ballot");
        if (!s.Has("sync")) throw Unknown(s);
        int to = Target(s), members = Source(s, 2);
        var negated = s.Operands[1].Text.StartsWith('!');
        var a = program.Source(new PtxOperand(s.Operands[1].Text.TrimStart('!')), s);
        return (warp, lanes) =>
        {
            NeedMembers(warp, lanes, members, s.Name);
            uint yes = 0;
            for (var l = 0; l < SimWarp.Lanes; l++)
                if ((lanes >> l & 1) != 0 && (warp.Registers[a + l] != 0) != negated) yes |= 1u << l;
            ulong result = s.Has("ballot") ? yes
                : (s.Has("all") ? yes == lanes : s.Has("any") ? yes != 0 : yes == lanes || yes == 0) ? 1u : 0u;
            for (var l = 0; l < SimWarp.Lanes; l++) if ((lanes >> l & 1) != 0) warp.Registers[to + l] = result;
        };
    }

    private Action<SimWarp, uint> ActiveMask(PtxStatement s)
    {
        var to = Target(s);
        return (warp, lanes) =>
        {
            for (var l = 0; l < SimWarp.Lanes; l++) if ((lanes >> l & 1) != 0) warp.Registers[to + l] = lanes;
        };
    }

    // The lanes that an instruction names must all have come to it.
    private static void NeedMembers(SimWarp warp, uint lanes, int members, string name)
    {
        for (var l = 0; l < SimWarp.Lanes; l++)
        {
            if ((lanes >> l & 1) == 0) continue;
            var named = (uint)warp.Registers[members + l] & warp.Present;
            if ((named & ~lanes) != 0 || (named >> l & 1) == 0)
                throw new SimException($"{name} names lanes {named:x8}, and lanes {lanes:x8} have come");
        }
    }

    private Action<SimWarp, uint> Barrier(PtxStatement s)
    {
        Allow(s, "sync", "arrive", "cta", "aligned", "warp");
        // Lanes of a warp take instructions together here; that they are all here is what can be checked.
        if (s.Has("warp"))
        {
            var members = Source(s, 0);
            return (warp, lanes) => NeedMembers(warp, lanes, members, s.Name);
        }
        var arrives = s.Has("arrive");
        if (s.Has("sync") == arrives) throw Unknown(s);
        int barrier = Source(s, 0), count = s.Operands.Count > 1 ? Source(s, 1) : -1;
        if (arrives && count < 0) throw Unknown(s);
        return (warp, lanes) =>
        {
            var l = System.Numerics.BitOperations.TrailingZeroCount(lanes);
            var (number, threads) = ((int)warp.Registers[barrier + l], count < 0 ? 0 : (int)warp.Registers[count + l]);
            if (number is < 0 or > 15) throw new SimException($"barrier {number}: there are 16");
            if (count >= 0 && (threads <= 0 || threads % SimWarp.Lanes != 0))
                throw new SimException($"a barrier for {threads} threads: whole warps are counted");
            if (!arrives) warp.WaitAt(number, threads);
            else
            {
                warp.NeedWhole(s.Name);
                warp.Block.Arrive(warp, number, threads);
            }
        };
    }

    // Hints, and what only a clock sees.
    private static Action<SimWarp, uint> Ordering() => static (_, _) => { };
}
