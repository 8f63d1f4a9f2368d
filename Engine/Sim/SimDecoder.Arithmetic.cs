using System.Numerics;
using static Diffract.Engine.Sim.Numbers;

namespace Diffract.Engine.Sim;

/// <summary>Arithmetic (sections 9.7.1 to 9.7.5): integers are calculated in 64 bits and cut, floats of 16 bits in 64
/// and rounded once.</summary>
internal sealed partial class SimDecoder
{
    private static readonly string[] FloatWords = ["rn", "ftz", "approx", "full", "rz", "rm", "rp"];

    private Action<SimWarp, uint> Move(PtxStatement s)
    {
        Allow(s, "to", "global", "shared", "local", "const", "param");
        if (s.Operation == "mov" && (s.Operands[0].Parts.Count > 0 || s.Operands[1].Parts.Count > 0)) return Repack(s);
        ulong shift = 0;
        if (s.Operation == "cvta")
        {
            var window = s.Has("shared") ? SimProgram.SharedWindow : s.Has("local") ? SimProgram.LocalWindow
                : s.Has("param") ? SimProgram.ParameterWindow : 0;
            shift = s.Has("to") ? 0 - window : window;
        }
        var type = s.Type;
        return Each(Target(s), Source(s, 1), a => type.Cut(a + shift));
    }

    // Several registers into one, or one into several.
    private Action<SimWarp, uint> Repack(PtxStatement s)
    {
        int[] to = Targets(s), from = Sources(s, 1);
        var bits = s.Type.Bits / Math.Max(to.Length, from.Length);
        var mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        return (warp, lanes) =>
        {
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                ulong whole = 0;
                if (from.Length == 1) whole = warp.Registers[from[0] + l];
                else for (var i = 0; i < from.Length; i++) whole |= (warp.Registers[from[i] + l] & mask) << (i * bits);
                if (to.Length == 1) warp.Registers[to[0] + l] = whole;
                else for (var i = 0; i < to.Length; i++) warp.Registers[to[i] + l] = whole >> (i * bits) & mask;
            }
        };
    }

    private Action<SimWarp, uint> One(PtxStatement s)
    {
        Allow(s, [.. FloatWords, "shiftamt", "finite", "infinite", "number", "notanumber", "normal", "subnormal"]);
        var type = s.Type;
        return Each(Target(s), Source(s, 1), type.IsFloat ? Float(s, type) : Whole(s, type));
    }

    private static Func<ulong, ulong> Whole(PtxStatement s, PtxType type) => s.Operation switch
    {
        "abs" => a => type.Cut((ulong)Math.Abs(type.Integer(a))),
        "neg" => a => type.Cut(0 - a),
        "not" => a => type.Cut(~a),
        "cnot" => a => type.Cut(a) == 0 ? 1u : 0u,
        "popc" => a => (ulong)BitOperations.PopCount(type.Cut(a)),
        "clz" => a => (ulong)(BitOperations.LeadingZeroCount(type.Cut(a)) - (64 - type.Bits)),
        "brev" => a => Reversed(a, type.Bits),
        "bfind" => a =>
        {
            var x = type.Integer(a);
            var bits = type.Cut((ulong)(x < 0 ? ~x : x));
            return bits == 0 ? uint.MaxValue
                : (ulong)(s.Has("shiftamt") ? type.Bits - 1 - BitOperations.Log2(bits) : BitOperations.Log2(bits));
        }
        ,
        _ => throw Unknown(s),
    };

    private static Func<ulong, ulong> Float(PtxStatement s, PtxType type)
    {
        if (type.Count > 1) return Halves(Float(s, type with { Count = 1 }), type.Bits);
        if (s.Operation == "testp") return Test(s, type);
        // Signs are bits: -NaN stays a NaN with its payload.
        var sign = 1UL << (type.Bits - 1);
        if (s.Operation is "neg") return Flush(s, a => a ^ sign);
        if (s.Operation is "abs") return Flush(s, a => a & ~sign);
        Func<double, double> exact = s.Operation switch
        {
            "rcp" => x => 1 / x,
            "sqrt" => Math.Sqrt,
            "rsqrt" => x => 1 / Math.Sqrt(x),
            "ex2" => x => Math.Pow(2, x),
            "lg2" => Math.Log2,
            "sin" => Math.Sin,
            "cos" => Math.Cos,
            "tanh" => Math.Tanh,
            _ => throw Unknown(s),
        };
        return Flush(s, a => Nearest(type, exact(Value(type, a))));
    }

    private static Func<ulong, ulong> Test(PtxStatement s, PtxType type)
    {
        Func<double, bool> test = s.Words[1] switch
        {
            "finite" => double.IsFinite,
            "infinite" => double.IsInfinity,
            "number" => x => !double.IsNaN(x),
            "notanumber" => double.IsNaN,
            "normal" => x => Math.Abs(x) >= Smallest(type) && double.IsFinite(x),
            "subnormal" => x => x != 0 && Math.Abs(x) < Smallest(type),
            _ => throw Unknown(s),
        };
        return a => test(Value(type, a)) ? 1u : 0u;
    }

    private static double Smallest(PtxType type) => type.Bits == 64 ? 2.2250738585072014e-308 : 1.1754943508222875e-38;

    private Action<SimWarp, uint> Two(PtxStatement s)
    {
        Allow(s, [.. FloatWords, "lo", "hi", "wide", "sat", "NaN"]);
        var type = s.Type;
        return Each(Target(s), Source(s, 1), Source(s, 2), type.IsFloat ? Float2(s, type) : Whole2(s, type));
    }

    private static Func<ulong, ulong, ulong> Whole2(PtxStatement s, PtxType type) => s.Operation switch
    {
        "add" => Saturated(s, type, (a, b) => a + b),
        "sub" => Saturated(s, type, (a, b) => a - b),
        "mul" when s.Has("wide") => (a, b) => (type with { Bits = 2 * type.Bits }).Cut(
            (ulong)(type.Integer(a) * type.Integer(b))),
        "mul" when s.Has("hi") => (a, b) => High(type, a, b),
        "mul" => (a, b) => type.Cut(a * b),
        "div" => (a, b) => Divide(type, a, b, rest: false),
        "rem" => (a, b) => Divide(type, a, b, rest: true),
        "min" => (a, b) => Less(type, a, b) ? type.Cut(a) : type.Cut(b),
        "max" => (a, b) => Less(type, a, b) ? type.Cut(b) : type.Cut(a),
        "and" => (a, b) => type.Cut(a & b),
        "or" => (a, b) => type.Cut(a | b),
        "xor" => (a, b) => type.Cut(a ^ b),
        // Shifts by more than there are bits leave nothing, or the sign.
        "shl" => (a, b) => (uint)b >= type.Bits ? 0 : type.Cut(a << (int)b),
        "shr" => (a, b) => (uint)b >= type.Bits
            ? type.IsSigned && type.Integer(a) < 0 ? type.Cut(ulong.MaxValue) : 0
            : type.Cut((ulong)(type.IsSigned ? type.Integer(a) >> (int)b : (long)(type.Cut(a) >> (int)b))),
        _ => throw Unknown(s),
    };

    private static Func<ulong, ulong, ulong> Saturated(PtxStatement s, PtxType type, Func<ulong, ulong, ulong> f)
    {
        if (!s.Has("sat")) return (a, b) => type.Cut(f(a, b));
        if (type != new PtxType(PtxKind.Signed, 32)) throw Unknown(s);
        return (a, b) => (uint)Math.Clamp((long)f((ulong)(int)a, (ulong)(int)b), int.MinValue, int.MaxValue);
    }

    private static Func<ulong, ulong, ulong> Float2(PtxStatement s, PtxType type)
    {
        if (type.Count > 1) return Halves(Float2(s, type with { Count = 1 }), type.Bits);
        if (s.Operation == "copysign")
        {
            // copysign d, a, b: b with the sign of a.
            var sign = 1UL << (type.Bits - 1);
            return (a, b) => (a & sign) | (b & ~sign);
        }
        if (s.Has("rz") || s.Has("rm") || s.Has("rp")) throw Unknown(s);
        if (type == new PtxType(PtxKind.Float, 32) && !s.Has("ftz") && !s.Has("sat"))
            switch (s.Operation)
            {
                case "add": return (a, b) => Bits(Single(a) + Single(b));
                case "sub": return (a, b) => Bits(Single(a) - Single(b));
                case "mul": return (a, b) => Bits(Single(a) * Single(b));
            }
        Func<double, double, double> exact = s.Operation switch
        {
            "add" => (a, b) => a + b,
            "sub" => (a, b) => a - b,
            "mul" => (a, b) => a * b,
            "div" => (a, b) => a / b,
            "min" => (a, b) => Smaller(a, b, s.Has("NaN")),
            "max" => (a, b) => -Smaller(-a, -b, s.Has("NaN")),
            _ => throw Unknown(s),
        };
        return Flush(s, (a, b) => Nearest(type, exact(Value(type, a), Value(type, b))));
    }

    private Action<SimWarp, uint> Three(PtxStatement s)
    {
        Allow(s, [.. FloatWords, "lo", "hi", "wide", "sat", "relu", "l", "r", "clamp", "wrap"]);
        var type = s.Type;
        if (s.Operation == "lop3")
        {
            var table = (int)(s.Operands[4].TryNumber(out var n) ? n : throw Unknown(s));
            return Each(Target(s), Source(s, 1), Source(s, 2), Source(s, 3), (a, b, c) => Lookup(table, a, b, c));
        }
        return Each(Target(s), Source(s, 1), Source(s, 2), Source(s, 3),
            type.IsFloat ? Fused(s, type) : Whole3(s, type));
    }

    private static Func<ulong, ulong, ulong, ulong> Whole3(PtxStatement s, PtxType type) => s.Operation switch
    {
        "mad" when s.Has("wide") => (a, b, c) => (type with { Bits = 2 * type.Bits }).Cut(
            (ulong)(type.Integer(a) * type.Integer(b)) + c),
        "mad" when s.Has("hi") => (a, b, c) => type.Cut(High(type, a, b) + c),
        "mad" => (a, b, c) => type.Cut(a * b + c),
        "sad" => (a, b, c) => type.Cut(c + (ulong)Math.Abs(type.Integer(a) - type.Integer(b))),
        "bfe" => (a, b, c) => Extract(type, a, (int)(b & 255), (int)(c & 255)),
        "shf" => (a, b, c) =>
        {
            var by = (int)(s.Has("wrap") ? c & 31 : Math.Min((uint)c, 32));
            var both = (ulong)(uint)b << 32 | (uint)a;
            return s.Has("l") ? (uint)((both << by) >> 32) : (uint)(both >> by);
        }
        ,
        "prmt" => (a, b, c) =>
        {
            var both = (ulong)(uint)b << 32 | (uint)a;
            ulong result = 0;
            for (var i = 0; i < 4; i++)
            {
                var pick = (int)(c >> (4 * i)) & 15;
                var value = (byte)(both >> (8 * (pick & 7)));
                result |= (ulong)((pick & 8) == 0 ? value : (byte)((sbyte)value >> 7)) << (8 * i);
            }
            return result;
        }
        ,
        _ => throw Unknown(s),
    };

    private static Func<ulong, ulong, ulong, ulong> Fused(PtxStatement s, PtxType type)
    {
        if (s.Has("rz") || s.Has("rm") || s.Has("rp") || s.Has("sat")) throw Unknown(s);
        if (type.Count > 1)
        {
            var one = Fused(s, type with { Count = 1 });
            return (a, b, c) => one(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF)
                | one(a >> 16 & 0xFFFF, b >> 16 & 0xFFFF, c >> 16 & 0xFFFF) << 16;
        }
        if (type.Bits == 64)
            return (a, b, c) => Bits(Math.FusedMultiplyAdd(Double(a), Double(b), Double(c)));
        if (type.Bits == 32)
        {
            if (!s.Has("ftz")) return (a, b, c) => Bits(MathF.FusedMultiplyAdd(Single(a), Single(b), Single(c)));
            return (a, b, c) => Flushed(Bits(MathF.FusedMultiplyAdd(
                Single(Flushed(a)), Single(Flushed(b)), Single(Flushed(c)))));
        }
        // 11 bits times 11 bits is exact in a double, and the sum is rounded to odd by FusedMultiplyAdd's own rounding
        // only past 53 bits: one rounding is left for every sum of numbers that 16 bits can hold.
        var relu = s.Has("relu");
        return (a, b, c) =>
        {
            var sum = Value(type, a) * Value(type, b) + Value(type, c);
            return Nearest(type, relu && !(sum > 0) ? 0 : sum);
        };
    }

    private Action<SimWarp, uint> InsertBits(PtxStatement s)
    {
        int to = Target(s), a = Source(s, 1), b = Source(s, 2), at = Source(s, 3), length = Source(s, 4);
        var type = s.Type;
        return (warp, lanes) =>
        {
            var rows = warp.Registers;
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                int first = (int)(rows[at + l] & 255), count = (int)(rows[length + l] & 255);
                var ones = count >= 64 ? ulong.MaxValue : (1UL << count) - 1;
                var mask = first >= 64 ? 0 : type.Cut(ones << first);
                rows[to + l] = (rows[b + l] & ~mask) | (rows[a + l] << first & mask);
            }
        };
    }

    private static Func<ulong, ulong> Flush(PtxStatement s, Func<ulong, ulong> f) =>
        s.Has("ftz") && s.Type.Bits == 32 ? a => Flushed(f(Flushed(a))) : f;

    private static Func<ulong, ulong, ulong> Flush(PtxStatement s, Func<ulong, ulong, ulong> f)
    {
        var flushed = s.Has("ftz") && s.Type.Bits == 32 ? (a, b) => Flushed(f(Flushed(a), Flushed(b))) : f;
        if (!s.Has("sat")) return flushed;
        if (s.Type != new PtxType(PtxKind.Float, 32)) throw Unknown(s);
        return (a, b) => Single(flushed(a, b)) is var x && x > 0 ? Bits(Math.Min(x, 1f)) : 0;
    }

    private static Func<ulong, ulong> Halves(Func<ulong, ulong> f, int bits) =>
        a => f(a & 0xFFFF) | f(a >> bits & 0xFFFF) << bits;

    private static Func<ulong, ulong, ulong> Halves(Func<ulong, ulong, ulong> f, int bits) =>
        (a, b) => f(a & 0xFFFF, b & 0xFFFF) | f(a >> bits & 0xFFFF, b >> bits & 0xFFFF) << bits;

    // A NaN loses to a number, unless the instruction wants it; -0 is smaller than 0.
    private static double Smaller(double a, double b, bool wantsNaN)
    {
        if (double.IsNaN(a) || double.IsNaN(b))
            return wantsNaN || (double.IsNaN(a) && double.IsNaN(b)) ? double.NaN : double.IsNaN(a) ? b : a;
        return Math.Min(a, b);
    }

    private static bool Less(PtxType type, ulong a, ulong b) =>
        type.IsSigned ? type.Integer(a) < type.Integer(b) : type.Cut(a) < type.Cut(b);

    private static ulong High(PtxType type, ulong a, ulong b)
    {
        if (type.Bits < 64) return type.Cut((ulong)(type.Integer(a) * type.Integer(b)) >> type.Bits);
        return type.IsSigned ? (ulong)Math.BigMul((long)a, (long)b, out _) : Math.BigMul(a, b, out _);
    }

    // Division by 0 gives bits that the language leaves open: here, and on devices, all ones.
    private static ulong Divide(PtxType type, ulong a, ulong b, bool rest)
    {
        if (type.Cut(b) == 0) return rest ? type.Cut(a) : type.Cut(ulong.MaxValue);
        if (!type.IsSigned) return rest ? type.Cut(a) % type.Cut(b) : type.Cut(a) / type.Cut(b);
        long x = type.Integer(a), y = type.Integer(b);
        if (y == -1) return rest ? 0 : type.Cut((ulong)-x);
        return type.Cut((ulong)(rest ? x % y : x / y));
    }

    private static ulong Extract(PtxType type, ulong a, int first, int count)
    {
        if (count == 0) return 0;
        ulong bits = 0, sign = 0;
        if (type.IsSigned) sign = a >> Math.Min(first + count - 1, type.Bits - 1) & 1;
        for (var i = 0; i < type.Bits; i++)
            bits |= (i < count && first + i < type.Bits ? a >> (first + i) & 1 : sign) << i;
        return bits;
    }

    private static ulong Reversed(ulong a, int bits)
    {
        ulong reversed = 0;
        for (var i = 0; i < bits; i++) reversed |= (a >> i & 1) << (bits - 1 - i);
        return reversed;
    }

    private static ulong Lookup(int table, ulong a, ulong b, ulong c)
    {
        ulong result = 0;
        for (var i = 0; i < 8; i++)
            if ((table >> i & 1) != 0)
                result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
        return (uint)result;
    }
}
