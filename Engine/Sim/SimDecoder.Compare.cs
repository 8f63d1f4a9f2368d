using System.Numerics;
using static Diffract.Engine.Sim.Numbers;

namespace Diffract.Engine.Sim;

/// <summary>Comparison, selection and conversion (sections 9.7.6 to 9.7.9).</summary>
internal sealed partial class SimDecoder
{
    private Action<SimWarp, uint> SetPredicate(PtxStatement s)
    {
        Allow(s, "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu",
            "num", "nan", "ftz", "and", "or", "xor");
        var type = s.Type;
        var compare = type.IsFloat ? CompareFloats(s, type) : CompareWhole(s, type);
        // setp.op p|q, a, b: q is what p is not.
        var names = s.Operands[0].Text.Split('|');
        var to = program.Target(new PtxOperand(names[0]), s);
        var not = names.Length > 1 ? program.Target(new PtxOperand(names[1]), s) : -1;
        int a = Source(s, 1), b = Source(s, 2), c = -1;
        var negated = false;
        if (s.Operands.Count > 3)
        {
            negated = s.Operands[3].Text.StartsWith('!');
            c = program.Source(new PtxOperand(s.Operands[3].Text.TrimStart('!')), s);
        }
        var combine = s.Has("and") ? 'a' : s.Has("or") ? 'o' : s.Has("xor") ? 'x' : ' ';
        return (warp, lanes) =>
        {
            var rows = warp.Registers;
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                var holds = compare(rows[a + l], rows[b + l]);
                var other = c >= 0 && (rows[c + l] != 0) != negated;
                if (not >= 0) rows[not + l] = Combined(!holds, other) ? 1u : 0u;
                rows[to + l] = Combined(holds, other) ? 1u : 0u;
            }
        };

        bool Combined(bool x, bool y) => combine switch { 'a' => x & y, 'o' => x | y, 'x' => x ^ y, _ => x };
    }

    private static Func<ulong, ulong, bool> CompareWhole(PtxStatement s, PtxType type) => s.Words[1] switch
    {
        "eq" => (a, b) => type.Cut(a) == type.Cut(b),
        "ne" => (a, b) => type.Cut(a) != type.Cut(b),
        "lt" or "lo" => (a, b) => Less(type, a, b),
        "le" or "ls" => (a, b) => !Less(type, b, a),
        "gt" or "hi" => (a, b) => Less(type, b, a),
        "ge" or "hs" => (a, b) => !Less(type, a, b),
        _ => throw Unknown(s),
    };

    // The forms that end in u hold where a number is missing too.
    private static Func<ulong, ulong, bool> CompareFloats(PtxStatement s, PtxType type)
    {
        Func<double, double, bool> holds = s.Words[1] switch
        {
            "eq" => (a, b) => a == b,
            "ne" => (a, b) => a < b || a > b,
            "lt" => (a, b) => a < b,
            "le" => (a, b) => a <= b,
            "gt" => (a, b) => a > b,
            "ge" => (a, b) => a >= b,
            "equ" => (a, b) => !(a < b || a > b),
            "neu" => (a, b) => a != b,
            "ltu" => (a, b) => !(a >= b),
            "leu" => (a, b) => !(a > b),
            "gtu" => (a, b) => !(a <= b),
            "geu" => (a, b) => !(a < b),
            "num" => (a, b) => !double.IsNaN(a) && !double.IsNaN(b),
            "nan" => (a, b) => double.IsNaN(a) || double.IsNaN(b),
            _ => throw Unknown(s),
        };
        return s.Has("ftz") && type.Bits == 32
            ? (a, b) => holds(Value(type, Flushed(a)), Value(type, Flushed(b)))
            : (a, b) => holds(Value(type, a), Value(type, b));
    }

    private Action<SimWarp, uint> Select(PtxStatement s)
    {
        Allow(s);
        return Each(Target(s), Source(s, 1), Source(s, 2), Source(s, 3), (a, b, p) => p != 0 ? a : b);
    }

    private Action<SimWarp, uint> Convert(PtxStatement s)
    {
        Allow(s, "rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi", "ftz", "sat", "relu");
        PtxType to = s.TypeAt(s.Words.Count - 2), from = s.Type;
        if (to.Count > 1) return Pack(s, to, from);
        if (s.Words[^2] == "tf32") return Each(Target(s), Source(s, 1), Tf32);
        return Each(Target(s), Source(s, 1), (to.IsFloat, from.IsFloat) switch
        {
            (true, true) => Resize(s, to, from),
            (true, false) => a => FromWhole(to, from, a),
            (false, true) => a => ToWhole(s, to, from, a),
            _ => Narrow(s, to, from),
        });
    }

    private static Func<ulong, ulong> Resize(PtxStatement s, PtxType to, PtxType from)
    {
        if (s.Has("rz") || s.Has("rm") || s.Has("rp") || s.Has("relu")) throw Unknown(s);
        Func<double, double> round = Rounding(s) ?? (x => x);
        var (flush, saturate) = (s.Has("ftz"), s.Has("sat"));
        return a =>
        {
            if (flush && from.Bits == 32) a = Flushed(a);
            var x = round(Value(from, a));
            if (saturate) x = x > 0 ? Math.Min(x, 1) : 0;
            var bits = Nearest(to, x);
            return flush && to.Bits == 32 ? Flushed(bits) : bits;
        };
    }

    private static Func<double, double>? Rounding(PtxStatement s) => s.Has("rni") ? x => Math.Round(x)
        : s.Has("rzi") ? Math.Truncate : s.Has("rmi") ? Math.Floor : s.Has("rpi") ? Math.Ceiling : null;

    private static ulong FromWhole(PtxType to, PtxType from, ulong a)
    {
        if (from.IsSigned)
            return to.Bits == 32 ? Bits((float)from.Integer(a)) : Nearest(to, from.Integer(a));
        return to.Bits == 32 ? Bits((float)from.Cut(a)) : Nearest(to, from.Cut(a));
    }

    // Numbers outside the range become its nearest end, NaN becomes 0.
    private static ulong ToWhole(PtxStatement s, PtxType to, PtxType from, ulong a)
    {
        var round = Rounding(s) ?? throw Unknown(s);
        var x = round(Value(from, a));
        if (double.IsNaN(x)) return 0;
        if (to.IsSigned)
        {
            long least = long.MinValue >> (64 - to.Bits), most = ~least;
            return to.Cut((ulong)(x <= least ? least : x >= most ? most : (long)x));
        }
        var all = to.Cut(ulong.MaxValue);
        return x <= 0 ? 0 : x >= all ? all : (ulong)x;
    }

    private static Func<ulong, ulong> Narrow(PtxStatement s, PtxType to, PtxType from)
    {
        if (!s.Has("sat")) return a => to.Cut((ulong)from.Integer(a));
        return a =>
        {
            BigInteger x = from.IsSigned ? from.Integer(a) : from.Cut(a);
            BigInteger least = to.IsSigned ? -(BigInteger.One << (to.Bits - 1)) : 0;
            var most = (BigInteger.One << (to.IsSigned ? to.Bits - 1 : to.Bits)) - 1;
            x = BigInteger.Min(BigInteger.Max(x, least), most);
            return to.Cut((ulong)(x & ulong.MaxValue));
        };
    }

    // cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
    private Action<SimWarp, uint> Pack(PtxStatement s, PtxType to, PtxType from)
    {
        if (!s.Has("rn") || from != new PtxType(PtxKind.Float, 32)) throw Unknown(s);
        var half = to with { Count = 1 };
        var relu = s.Has("relu");
        return Each(Target(s), Source(s, 1), Source(s, 2), (a, b) => Half(a) << 16 | Half(b));

        ulong Half(ulong bits)
        {
            var x = Value(from, bits);
            return Nearest(half, relu && x < 0 ? 0 : x);
        }
    }
}
