namespace Diffract.Engine.Sim;

/// <summary>Turns statements into what they do (PTX ISA 8.4, chapter 9). An instruction or a modifier that is not known
/// is an error, never a guess.</summary>
internal sealed partial class SimDecoder(SimProgram program)
{
    /// <summary>What a statement does in the lanes of a mask.</summary>
    /// <exception cref="SimException">It is not known.</exception>
    public Action<SimWarp, uint> Decode(PtxStatement s) => s.Operation switch
    {
        "mov" or "cvta" => Move(s),
        "add" or "sub" or "mul" or "div" or "rem" or "min" or "max" or "and" or "or" or "xor" or "shl" or "shr"
            or "copysign" => Two(s),
        "mad" or "fma" or "sad" or "bfe" or "shf" or "prmt" or "lop3" => Three(s),
        "abs" or "neg" or "not" or "cnot" or "popc" or "clz" or "bfind" or "brev" or "rcp" or "sqrt" or "rsqrt"
            or "ex2" or "lg2" or "sin" or "cos" or "tanh" or "testp" => One(s),
        "bfi" => InsertBits(s),
        "setp" => SetPredicate(s),
        "selp" => Select(s),
        "cvt" => Convert(s),
        "ld" or "ldu" => Load(s),
        "st" => Store(s),
        "atom" or "red" => Atomic(s),
        "shfl" => Shuffle(s),
        "vote" => Vote(s),
        "activemask" => ActiveMask(s),
        "barrier" when s.Has("cluster") => ClusterBarrier(s),
        "bar" or "barrier" => Barrier(s),
        "membar" or "fence" => Fence(s),
        "prefetch" when s.Has("tensormap") => PrefetchMap(s),
        "prefetch" or "prefetchu" or "discard" or "applypriority" or "nanosleep" => Ordering(),
        "cp" => AsyncCopy(s),
        "ldmatrix" => LoadMatrix(s),
        "mma" => MultiplyMatrices(s),
        "wgmma" => Wgmma(s),
        "mbarrier" => Mbarrier(s),
        "elect" => Elect(s),
        "setmaxnreg" => SetRegisters(s),
        "mapa" => MapAddress(s),
        "griddepcontrol" => DependentGrids(s),
        "nop" => Ordering(),
        _ => throw Unknown(s),
    };

    private static SimException Unknown(PtxStatement s) => new($"'{s.Text}' is not known to the simulated device");

    private int Source(PtxStatement s, int operand) => program.Source(s.Operands[operand], s);

    private int Target(PtxStatement s, int operand = 0) => program.Target(s.Operands[operand], s);

    /// <summary>The rows of <c>{a, b, …}</c>, or the one row of a plain operand.</summary>
    private int[] Sources(PtxStatement s, int operand) => s.Operands[operand].Parts is { Count: > 0 } parts
        ? [.. parts.Select(p => program.Source(p, s))] : [Source(s, operand)];

    private int[] Targets(PtxStatement s, int operand = 0) => s.Operands[operand].Parts is { Count: > 0 } parts
        ? [.. parts.Select(p => program.Target(p, s))] : [Target(s, operand)];

    /// <summary>Throws unless every word between the first and the type is one of <paramref name="allowed"/>.</summary>
    private static void Allow(PtxStatement s, params ReadOnlySpan<string> allowed)
    {
        for (var i = 1; i < s.Words.Count; i++)
        {
            if (PtxType.TryParse(s.Words[i], out _)) continue;
            if (!allowed.Contains(s.Words[i])) throw Unknown(s);
        }
    }

    private static Action<SimWarp, uint> Each(int to, int a, Func<ulong, ulong> f) => (warp, lanes) =>
    {
        var rows = warp.Registers;
        for (var l = 0; l < SimWarp.Lanes; l++) if ((lanes >> l & 1) != 0) rows[to + l] = f(rows[a + l]);
    };

    private static Action<SimWarp, uint> Each(int to, int a, int b, Func<ulong, ulong, ulong> f) => (warp, lanes) =>
    {
        var rows = warp.Registers;
        for (var l = 0; l < SimWarp.Lanes; l++) if ((lanes >> l & 1) != 0) rows[to + l] = f(rows[a + l], rows[b + l]);
    };

    private static Action<SimWarp, uint> Each(int to, int a, int b, int c, Func<ulong, ulong, ulong, ulong> f) =>
        (warp, lanes) =>
        {
            var rows = warp.Registers;
            for (var l = 0; l < SimWarp.Lanes; l++)
                if ((lanes >> l & 1) != 0) rows[to + l] = f(rows[a + l], rows[b + l], rows[c + l]);
        };
}
