using System.Runtime.InteropServices;

namespace Diffract.Engine.Sim;

/// <summary>The simulated device's global memory. For every byte it is known whether anything was written there, and
/// which block of the current launch wrote or read it last, so that a kernel cannot read what nobody wrote and two
/// blocks cannot touch each other's numbers unnoticed. One thread at a time.</summary>
internal sealed unsafe class SimMemory
{
    // Bytes on both sides of a block that belong to nobody.
    private const int Margin = 256;

    private readonly List<Block> blocks = [];
    private Block? last;
    private uint stamp = 1;
    private uint current;

    /// <summary>Stamps of the blocks of a launch start here.</summary>
    public void BeginLaunch(long gridBlocks)
    {
        if (stamp + gridBlocks + 1 > uint.MaxValue)
        {
            foreach (var block in blocks) block.Forget();
            stamp = 1;
        }
        First = stamp;
        stamp += (uint)gridBlocks + 1;
        Many = stamp - 1;
    }

    /// <summary>The block of the launch that runs now.</summary>
    public void BeginBlock(long index) => current = First + (uint)index;

    private uint First { get; set; }

    // Marks bytes that several blocks have read.
    private uint Many { get; set; }

    public nint Allocate(long bytes)
    {
        var block = new Block((nint)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * Margin), Margin) + Margin, bytes);
        blocks.Insert(Find(block.Start) + 1, block);
        return block.Start;
    }

    public void Free(nint address)
    {
        var at = Find(address);
        if (at < 0 || blocks[at].Start != address) throw new SimException($"{address:x} was not allocated");
        if (last == blocks[at]) last = null;
        blocks.RemoveAt(at);
        NativeMemory.AlignedFree((void*)(address - Margin));
    }

    /// <summary>Copies from the host.</summary>
    public void Write(nint address, ReadOnlySpan<byte> source)
    {
        var block = At((ulong)address, source.Length, "a copy from the host", 1);
        source.CopyTo(new Span<byte>((void*)address, source.Length));
        block.Written.AsSpan((int)(address - block.Start), source.Length).Fill(true);
    }

    /// <summary>Copies to the host.</summary>
    public void Read(nint address, Span<byte> target)
    {
        var block = At((ulong)address, target.Length, "a copy to the host", 1);
        var first = (int)(address - block.Start);
        var hole = block.Written.AsSpan(first, target.Length).IndexOf(false);
        if (hole >= 0)
            throw new SimException($"the host reads byte {first + hole} of {block.Bytes}, which nothing has written");
        new ReadOnlySpan<byte>((void*)address, target.Length).CopyTo(target);
    }

    /// <summary>Copies from one place to another.</summary>
    public void Copy(nint source, nint target, long bytes)
    {
        var between = new byte[bytes];
        Read(source, between);
        Write(target, between);
    }

    /// <summary>Where a kernel may read <paramref name="bytes"/> bytes.</summary>
    /// <param name="address">First byte; a multiple of <paramref name="bytes"/>.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="atomic">True when other blocks may touch them too.</param>
    public byte* Load(ulong address, int bytes, bool atomic = false)
    {
        var block = At(address, bytes, "a read", bytes);
        var first = (int)(address - (ulong)block.Start);
        for (var i = first; i < first + bytes; i++)
        {
            if (!block.Written[i])
                throw new SimException($"a read of byte {i} of {block.Bytes}, which nothing has written");
            if (atomic) continue;
            var writer = block.Writers[i];
            if (writer >= First && writer != current)
                throw new SimException($"a read of byte {i} of {block.Bytes}, which block {writer - First} of this "
                    + "launch has written: blocks run in no order");
            var reader = block.Readers[i];
            block.Readers[i] = reader < First || reader == current ? current : Many;
        }
        return (byte*)address;
    }

    /// <summary>Where a kernel may write <paramref name="bytes"/> bytes.</summary>
    /// <inheritdoc cref="Load"/>
    public byte* Store(ulong address, int bytes, bool atomic = false)
    {
        var block = At(address, bytes, "a write", bytes);
        var first = (int)(address - (ulong)block.Start);
        for (var i = first; i < first + bytes; i++)
        {
            if (!atomic)
            {
                uint writer = block.Writers[i], reader = block.Readers[i];
                if (writer >= First && writer != current)
                    throw new SimException($"a write to byte {i} of {block.Bytes}, which block {writer - First} of "
                        + "this launch has written too");
                if (reader >= First && reader != current)
                    throw new SimException($"a write to byte {i} of {block.Bytes}, which another block of this launch "
                        + "has read: blocks run in no order");
                block.Writers[i] = current;
            }
            block.Written[i] = true;
        }
        return (byte*)address;
    }

    private Block At(ulong address, long bytes, string what, int alignment)
    {
        var block = last;
        if (block is null || !block.Holds(address))
        {
            var at = Find((nint)address);
            if (at < 0 || !blocks[at].Holds(address))
                throw new SimException($"{what} of {bytes} bytes at {address:x}: {Nearest(at)}");
            last = block = blocks[at];
        }
        if (address + (ulong)bytes > (ulong)block.Start + (ulong)block.Bytes)
            throw new SimException($"{what} of {bytes} bytes at byte {address - (ulong)block.Start} of {block.Bytes}: "
                + "out of bounds");
        if (address % (ulong)alignment != 0)
            throw new SimException($"{what} of {bytes} bytes at byte {address - (ulong)block.Start}: misaligned");
        return block;

        string Nearest(int at) => at < 0 ? "out of bounds, before everything that was allocated"
            : $"out of bounds, {(long)address - blocks[at].Start - blocks[at].Bytes} bytes behind the end of a "
                + $"block of {blocks[at].Bytes}";
    }

    // The last block that starts at or before an address; -1 when none does.
    private int Find(nint address)
    {
        int low = 0, high = blocks.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (blocks[middle].Start <= address) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    private sealed class Block(nint start, long bytes)
    {
        public nint Start { get; } = start;

        public long Bytes { get; } = bytes;

        public bool[] Written { get; } = new bool[bytes];

        public uint[] Writers { get; } = new uint[bytes];

        public uint[] Readers { get; } = new uint[bytes];

        public bool Holds(ulong address) => address - (ulong)Start < (ulong)Math.Max(1, Bytes);

        public void Forget()
        {
            Array.Clear(Writers);
            Array.Clear(Readers);
        }
    }
}
