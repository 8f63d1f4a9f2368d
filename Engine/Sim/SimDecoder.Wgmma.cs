using System.Buffers.Binary;
using System.Text.RegularExpressions;
using static Diffract.Engine.Sim.Numbers;

namespace Diffract.Engine.Sim;

/// <summary>Matrix products of four warps together (section 9.7.15).</summary>
internal sealed partial class SimDecoder
{
    // Rows of a warp's share of the 64.
    private const int ShareRows = 16;

    private Action<SimWarp, uint> Wgmma(PtxStatement s)
    {
        NeedTarget(s, "sm_90a");
        if (!s.Has("sync") || !s.Has("aligned")) throw Unknown(s);
        switch (s.Words[1])
        {
            case "fence":
                return Together(s, warp => warp.Products.Fence());
            case "commit_group":
                return Together(s, warp => warp.Products.Commit());
            case "wait_group":
                if (!s.Operands[0].TryNumber(out var left)) throw Unknown(s);
                return Together(s, warp => warp.Products.Wait((int)left));
            case "mma_async":
                return Product(s);
            default:
                throw Unknown(s);
        }
    }

    // An instruction that all four warps of a group take.
    private static Action<SimWarp, uint> Together(PtxStatement s, Action<SimWarp> body) => (warp, _) =>
    {
        GroupOf(warp, s).Take(warp, s.Text);
        body(warp);
    };

    private static SimWarpgroup GroupOf(SimWarp warp, PtxStatement s)
    {
        NeedWholeWarp(warp, s.Name);
        var group = warp.Index / SimWarpgroup.Warps;
        return group < warp.Block.Warpgroups.Length ? warp.Block.Warpgroups[group]
            : throw new SimException($"{s.Name} needs four warps, and warp {warp.Index} is in none of the block's "
                + "whole groups of four");
    }

    // wgmma.mma_async.sync.aligned.m64nNkK.f32.t.t d, a, b, scale-d, ±1, ±1 {, trans-a} {, trans-b}
    private Action<SimWarp, uint> Product(PtxStatement s)
    {
        if (s.Words.Count != 8 || s.Words[5] != "f32" || s.Words[6] != s.Words[7]) throw Unknown(s);
        var (shape, type) = (Shape().Match(s.Words[4]), s.TypeAt(6));
        if (!shape.Success || (s.Words[6], shape.Groups[2].Value) is not (("f16" or "bf16", "16") or ("tf32", "8")))
            throw Unknown(s);
        var across = int.Parse(shape.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        if (across % 8 != 0 || across is < 8 or > 256) throw Unknown(s);
        int each = 32 / type.Bits, depth = 8 * each;
        var d = Targets(s);
        var held = s.Operands[1].Parts.Count > 0;
        int[] a = Sources(s, 1);
        var b = Source(s, 2);
        var scale = s.Operands[3].Text;
        var (keepNegated, keep) = (scale.StartsWith('!'), program.Source(new PtxOperand(scale.TrimStart('!')), s));
        if (s.Operands[3].TryNumber(out var adding) && adding > 1) throw Unknown(s);
        // Transposing is for 16 bits, and A's only for A in memory.
        var flags = 6 + (each == 1 ? 0 : held ? 1 : 2);
        if (d.Length != across / 2 || a.Length != (held ? 4 : 1) || s.Operands.Count != flags) throw Unknown(s);
        double sign = Immediate(s, 4, -1, 1) * Immediate(s, 5, -1, 1);
        bool turnedA = each == 2 && !held && Immediate(s, 6, 0, 1) == 1;
        bool turnedB = each == 2 && Immediate(s, flags - 1, 0, 1) == 1;
        return (warp, _) =>
        {
            var group = GroupOf(warp, s);
            var rows = warp.Registers;
            ulong first = held ? 0 : Same(rows, a[0], s), second = Same(rows, b, s);
            group.Take(warp, s.Text, first, second);
            var pieces = new List<int>();
            warp.Products.Start(s.Text, s.Words[4], d, held ? a : [], pieces);
            double[] x = new double[ShareRows * depth], y = new double[across * depth];
            if (held) FromRegisters(x, depth, type, rows, a);
            else
                FromMemory(x, depth, warp.Index % SimWarpgroup.Warps * ShareRows, ShareRows, type, warp, first,
                    !turnedA, pieces);
            FromMemory(y, depth, 0, across, type, warp, second, !turnedB, pieces);
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                var adds = (rows[keep + l] != 0) != keepNegated;
                for (var i = 0; i < d.Length; i++)
                {
                    // Element i of a lane: the figure of section 9.7.15.5.1.1.
                    int r = l / 4 + 8 * (i >> 1 & 1), c = 8 * (i >> 2) + l % 4 * 2 + (i & 1);
                    double sum = 0;
                    Span<double> left = x.AsSpan(r * depth, depth), right = y.AsSpan(c * depth, depth);
                    for (var k = 0; k < left.Length; k++) sum += left[k] * right[k];
                    sum *= sign;
                    rows[d[i] + l] = Bits((float)(adds ? sum + Single(rows[d[i] + l]) : sum));
                }
            }
        };
    }

    // A lane holds of A rows l / 4 and 8 more, and columns in pairs (16 bits) or single (TF32), as for mma.
    private static void FromRegisters(double[] x, int depth, PtxType type, ulong[] rows, int[] a)
    {
        var each = 32 / type.Bits;
        for (var l = 0; l < SimWarp.Lanes; l++)
            for (var i = 0; i < a.Length; i++)
                for (var e = 0; e < each; e++)
                    x[(l / 4 + 8 * (i & 1)) * depth + l % 4 * each + e + 4 * each * (i >> 1)] =
                        Element(type, rows[a[i] + l], e);
    }

    // Rows of a matrix, `depth` elements each, from the pieces of shared memory that hold them.
    private static void FromMemory(double[] to, int depth, int firstRow, int count, PtxType type, SimWarp warp,
        ulong bits, bool alongDepth, List<int> pieces)
    {
        var matrix = MatrixDescriptor.Parse(bits);
        var each = SimShared.Piece / type.Bytes;
        // Pieces run along the major axis; the rows asked for begin and end with whole pieces.
        var (majorFirst, majors, minorFirst, minors) =
            alongDepth ? (0, depth, firstRow, count) : (firstRow, count, 0, depth);
        for (var major = majorFirst; major < majorFirst + majors; major += each)
            for (var minor = minorFirst; minor < minorFirst + minors; minor++)
            {
                var at = matrix.Address(major, minor, each, alongDepth);
                var piece = warp.Block.Shared.LoadAsync(warp, at);
                pieces.Add(at);
                for (var e = 0; e < each; e++)
                {
                    var value = type.Bits == 32
                        ? Element(type, BinaryPrimitives.ReadUInt32LittleEndian(piece[(4 * e)..]), 0)
                        : Value(type, BinaryPrimitives.ReadUInt16LittleEndian(piece[(2 * e)..]));
                    to[alongDepth ? (minor - firstRow) * depth + major + e : (major + e - firstRow) * depth + minor] =
                        value;
                }
            }
    }

    // A descriptor's value, which all lanes must have.
    private static ulong Same(ulong[] rows, int row, PtxStatement s)
    {
        for (var l = 1; l < SimWarp.Lanes; l++)
            if (rows[row + l] != rows[row])
                throw new SimException($"lanes 0 and {l} give {s.Operation} descriptors {rows[row]:x16} and "
                    + $"{rows[row + l]:x16}");
        return rows[row];
    }

    private static int Immediate(PtxStatement s, int operand, int least, int most)
    {
        if (!s.Operands[operand].TryNumber(out var bits) || (long)bits < least || (long)bits > most
            || (least < 0 && bits == 0)) throw Unknown(s);
        return (int)(long)bits;
    }

    [GeneratedRegex(@"^m64n(\d+)k(\d+)$")]
    private static partial Regex Shape();
}
