using System.Buffers.Binary;
using static Diffract.Engine.Sim.Numbers;

namespace Diffract.Engine.Sim;

/// <summary>Matrices that a warp holds together (section 9.7.14).</summary>
internal sealed partial class SimDecoder
{
    // Lane l gets the elements 2(l % 4) and the next of row l / 4 of every 8 x 8 matrix; lane 8 m + r has the address
    // of row r of matrix m.
    private Action<SimWarp, uint> LoadMatrix(PtxStatement s)
    {
        Allow(s, "sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "shared::cta");
        var to = Targets(s);
        if (to.Length != (s.Has("x4") ? 4 : s.Has("x2") ? 2 : 1)) throw Unknown(s);
        var (at, offset, transposed) = (Source(s, 1), s.Operands[1].Offset, s.Has("trans"));
        return (warp, _) =>
        {
            NeedWholeWarp(warp, s.Name);
            Span<ushort> rows = stackalloc ushort[64];
            for (var m = 0; m < to.Length; m++)
            {
                for (var r = 0; r < 8; r++)
                {
                    var row = warp.Block.Shared.Load(warp, warp.Registers[at + 8 * m + r] + (ulong)offset, 16);
                    for (var c = 0; c < 8; c++)
                        rows[8 * r + c] = BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * c)..]);
                }
                for (var l = 0; l < SimWarp.Lanes; l++)
                {
                    int r = l / 4, c = l % 4 * 2;
                    warp.Registers[to[m] + l] = transposed
                        ? rows[8 * c + r] | (uint)rows[8 * (c + 1) + r] << 16
                        : rows[8 * r + c] | (uint)rows[8 * r + c + 1] << 16;
                }
            }
        };
    }

    // mma.sync.aligned.m16n8kK.row.col.d.a.b.c: D[16, 8] = A[16, K] B[K, 8] + C. A lane's registers hold, of A, rows
    // l / 4 and 8 more, and columns in pairs (16 bits) or single (TF32); the figures stand in section 9.7.14.5.
    private Action<SimWarp, uint> MultiplyMatrices(PtxStatement s)
    {
        if (s.Words is not ["mma", "sync", "aligned", var shape, "row", "col", "f32", var left, var right, "f32"]
            || left != right || !PtxType.TryParse(left, out var type)) throw Unknown(s);
        var depth = (shape, type.Bits) switch
        {
            ("m16n8k8", 32) => 8,
            ("m16n8k4", 32) => 4,
            ("m16n8k16", 16) => 16,
            ("m16n8k8", 16) => 8,
            _ => throw Unknown(s),
        };
        int[] d = Targets(s), a = Sources(s, 1), b = Sources(s, 2), c = Sources(s, 3);
        // Elements of one register that stand next to each other along the depth.
        var each = 32 / type.Bits;
        var step = 4 * each;
        if (a.Length != 2 * depth / step || b.Length != depth / step || c.Length != 4 || d.Length != 4)
            throw Unknown(s);
        return (warp, _) =>
        {
            NeedWholeWarp(warp, s.Name);
            var rows = warp.Registers;
            Span<double> x = stackalloc double[16 * 16], y = stackalloc double[16 * 8];
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                int g = l / 4, q = l % 4 * each;
                for (var i = 0; i < a.Length; i++)
                    for (var e = 0; e < each; e++)
                        x[(g + 8 * (i & 1)) * depth + q + e + step * (i >> 1)] = Element(type, rows[a[i] + l], e);
                for (var i = 0; i < b.Length; i++)
                    for (var e = 0; e < each; e++) y[(q + e + step * i) * 8 + g] = Element(type, rows[b[i] + l], e);
            }
            Span<ulong> sums = stackalloc ulong[4 * SimWarp.Lanes];
            for (var l = 0; l < SimWarp.Lanes; l++)
                for (var i = 0; i < 4; i++)
                {
                    int r = l / 4 + 8 * (i >> 1), k = l % 4 * 2 + (i & 1);
                    double sum = 0;
                    for (var t = 0; t < depth; t++) sum += x[r * depth + t] * y[t * 8 + k];
                    sums[4 * l + i] = Bits((float)(sum + Single(rows[c[i] + l])));
                }
            for (var l = 0; l < SimWarp.Lanes; l++) for (var i = 0; i < 4; i++) rows[d[i] + l] = sums[4 * l + i];
        };
    }

    // TF32 numbers are floats whose last 13 bits the multiplier does not see.
    private static double Element(PtxType type, ulong register, int index) => type.Bits == 32
        ? Single(register & 0xFFFFE000)
        : Value(type, register >> (16 * index) & 0xFFFF);

    private static void NeedWholeWarp(SimWarp warp, string name)
    {
        if (warp.Present != uint.MaxValue)
            throw new SimException($"{name} needs 32 threads, and {warp.Present:x8} are there");
        warp.NeedWhole(name);
    }
}
