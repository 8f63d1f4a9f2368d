using System.Buffers.Binary;
using static Diffract.Engine.Sim.Numbers;

namespace Diffract.Engine.Sim;

/// <summary>Loads, stores and atomic operations (sections 9.7.8 and 9.7.12).</summary>
internal sealed unsafe partial class SimDecoder
{
    private static readonly string[] MemoryWords =
    [
        "global", "shared", "local", "param", "const", "weak", "volatile", "relaxed", "acquire", "release", "cta",
        "gpu", "sys", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "v2", "v4", "shared::cta", "shared::cluster",
        "cluster",
    ];

    private enum Space { Generic, Global, Shared, Local, Parameter }

    private static Space SpaceOf(PtxStatement s) => s.Has("global") || s.Has("const") ? Space.Global
        : s.Has("shared") || s.Has("shared::cta") || s.Has("shared::cluster") ? Space.Shared
        : s.Has("local") ? Space.Local : s.Has("param") ? Space.Parameter : Space.Generic;

    private static void AllowMemory(PtxStatement s, params ReadOnlySpan<string> more)
    {
        for (var i = 1; i < s.Words.Count; i++)
        {
            var word = s.Words[i];
            // Hints to the caches change nothing here.
            if (word.StartsWith("L1::", StringComparison.Ordinal) || word.StartsWith("L2::", StringComparison.Ordinal))
                continue;
            if (!PtxType.TryParse(word, out _) && !MemoryWords.Contains(word) && !more.Contains(word)) throw Unknown(s);
        }
    }

    private Action<SimWarp, uint> Load(PtxStatement s)
    {
        AllowMemory(s);
        var (space, type, to) = (SpaceOf(s), s.Type, Targets(s));
        if (to.Length != (s.Has("v2") ? 2 : s.Has("v4") ? 4 : 1)) throw Unknown(s);
        var (at, offset) = (Source(s, 1), s.Operands[1].Offset);
        var atomic = s.Has("relaxed") || s.Has("acquire") || s.Has("volatile");
        int size = type.Bytes, all = size * to.Length;
        return (warp, lanes) =>
        {
            // A lane's registers may hold its address too: all addresses are read first.
            Span<byte> found = stackalloc byte[16];
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                Fetch(warp, l, space, warp.Registers[at + l] + (ulong)offset, found[..all], atomic);
                for (var i = 0; i < to.Length; i++)
                    warp.Registers[to[i] + l] = Extended(type, found.Slice(i * size, size));
            }
        };
    }

    private Action<SimWarp, uint> Store(PtxStatement s)
    {
        AllowMemory(s);
        var (space, type, from) = (SpaceOf(s), s.Type, Sources(s, 1));
        if (from.Length != (s.Has("v2") ? 2 : s.Has("v4") ? 4 : 1)) throw Unknown(s);
        var (at, offset) = (Source(s, 0), s.Operands[0].Offset);
        var atomic = s.Has("relaxed") || s.Has("release") || s.Has("volatile");
        int size = type.Bytes, all = size * from.Length;
        return (warp, lanes) =>
        {
            Span<byte> bytes = stackalloc byte[16];
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                for (var i = 0; i < from.Length; i++)
                    Put(bytes.Slice(i * size, size), warp.Registers[from[i] + l]);
                Keep(warp, l, space, warp.Registers[at + l] + (ulong)offset, bytes[..all], atomic);
            }
        };
    }

    private static void Fetch(SimWarp warp, int lane, Space space, ulong address, Span<byte> to, bool atomic)
    {
        switch (Resolve(ref address, space))
        {
            case Space.Global:
                new ReadOnlySpan<byte>(warp.Block.Launch.Memory.Load(address, to.Length, atomic), to.Length).CopyTo(to);
                break;
            case Space.Shared:
                warp.Block.Shared.Load(warp, address, to.Length).CopyTo(to);
                break;
            case Space.Parameter:
                var arguments = warp.Block.Launch.Arguments;
                if (address + (ulong)to.Length > (ulong)arguments.Length)
                    throw new SimException($"byte {address} of {arguments.Length} bytes of arguments is read");
                arguments.AsSpan((int)address, to.Length).CopyTo(to);
                break;
            default:
                var first = LocalAt(warp, lane, address, to.Length);
                if (warp.LocalWritten.AsSpan(first, to.Length).Contains(false))
                    throw new SimException($"a read of local byte {address}, which nothing has written");
                warp.Local.AsSpan(first, to.Length).CopyTo(to);
                break;
        }
    }

    private static void Keep(SimWarp warp, int lane, Space space, ulong address, ReadOnlySpan<byte> from, bool atomic)
    {
        switch (Resolve(ref address, space))
        {
            case Space.Global:
                from.CopyTo(new Span<byte>(warp.Block.Launch.Memory.Store(address, from.Length, atomic), from.Length));
                break;
            case Space.Shared:
                from.CopyTo(warp.Block.Shared.Store(warp, address, from.Length));
                break;
            case Space.Local:
                var first = LocalAt(warp, lane, address, from.Length);
                from.CopyTo(warp.Local.AsSpan(first));
                warp.LocalWritten.AsSpan(first, from.Length).Fill(true);
                break;
            default:
                throw new SimException("arguments cannot be written");
        }
    }

    private static int LocalAt(SimWarp warp, int lane, ulong address, int bytes)
    {
        if (address + (ulong)bytes > (ulong)warp.Program.LocalBytes)
            throw new SimException($"{bytes} bytes at local byte {address} of {warp.Program.LocalBytes}");
        if (address % (ulong)bytes != 0)
            throw new SimException($"local byte {address} is misaligned for {bytes} bytes");
        return lane * warp.Program.LocalBytes + (int)address;
    }

    // A generic address says itself which memory it means.
    private static Space Resolve(ref ulong address, Space space)
    {
        if (space != Space.Generic) return space;
        if (address >= SimProgram.SharedWindow)
        {
            address -= SimProgram.SharedWindow;
            return Space.Shared;
        }
        if (address >= SimProgram.LocalWindow)
        {
            address -= SimProgram.LocalWindow;
            return Space.Local;
        }
        if (address < SimProgram.ParameterWindow) return Space.Global;
        address -= SimProgram.ParameterWindow;
        return Space.Parameter;
    }

    // Loads into wider registers spread the sign, or zeros.
    private static ulong Extended(PtxType type, ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => type.IsSigned ? (ulong)(sbyte)bytes[0] : bytes[0],
        2 => type.IsSigned ? (ulong)BinaryPrimitives.ReadInt16LittleEndian(bytes)
            : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
    };

    private static void Put(Span<byte> to, ulong value)
    {
        switch (to.Length)
        {
            case 1: to[0] = (byte)value; break;
            case 2: BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)value); break;
            case 4: BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)value); break;
            default: BinaryPrimitives.WriteUInt64LittleEndian(to, value); break;
        }
    }

    private Action<SimWarp, uint> Atomic(PtxStatement s)
    {
        AllowMemory(s, "add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec", "acq_rel", "noftz");
        var gives = s.Operation == "atom";
        var type = s.Type;
        var operation = s.Words.First(w => w is "add" or "min" or "max" or "and" or "or" or "xor" or "exch" or "cas"
            or "inc" or "dec");
        var first = gives ? 1 : 0;
        var (at, offset, space) = (Source(s, first), s.Operands[first].Offset, SpaceOf(s));
        int to = gives ? Target(s) : -1, b = Source(s, first + 1), c = operation == "cas" ? Source(s, first + 2) : -1;
        var f = Combine(s, operation, type);
        return (warp, lanes) =>
        {
            Span<byte> bytes = stackalloc byte[8];
            bytes = bytes[..type.Bytes];
            for (var l = 0; l < SimWarp.Lanes; l++)
            {
                if ((lanes >> l & 1) == 0) continue;
                var address = warp.Registers[at + l] + (ulong)offset;
                Fetch(warp, l, space, address, bytes, atomic: true);
                var old = Extended(type, bytes);
                Put(bytes, c < 0 ? f(old, warp.Registers[b + l])
                    : type.Cut(old) == type.Cut(warp.Registers[b + l]) ? warp.Registers[c + l] : old);
                Keep(warp, l, space, address, bytes, atomic: true);
                if (to >= 0) warp.Registers[to + l] = type.Cut(old);
            }
        };
    }

    private static Func<ulong, ulong, ulong> Combine(PtxStatement s, string operation, PtxType type) => operation switch
    {
        "add" when type.IsFloat => (a, b) => Nearest(type, Value(type, a) + Value(type, b)),
        "add" => (a, b) => type.Cut(a + b),
        "min" when !type.IsFloat => (a, b) => Less(type, a, b) ? a : b,
        "max" when !type.IsFloat => (a, b) => Less(type, a, b) ? b : a,
        "and" => (a, b) => a & b,
        "or" => (a, b) => a | b,
        "xor" => (a, b) => a ^ b,
        "exch" or "cas" => (_, b) => b,
        "inc" => (a, b) => (uint)a >= (uint)b ? 0 : a + 1,
        "dec" => (a, b) => (uint)a == 0 || (uint)a > (uint)b ? b : a - 1,
        _ => throw Unknown(s),
    };
}
