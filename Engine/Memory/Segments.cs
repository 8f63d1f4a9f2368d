namespace Diffract.Engine;

/// <summary>Blocks cut from larger pieces of a device's memory: the smallest free one that is large enough is taken and
/// what it has too much stays free; free neighbours become one again. So the memory of many small tensors serves a few
/// large ones afterwards, which blocks of fixed sizes cannot. Not safe for several threads.</summary>
/// <param name="source">Where the pieces come from.</param>
/// <param name="leastLength">Shortest piece, bytes.</param>
internal sealed class Segments(IMemorySource source, long leastLength = Segments.LeastLength)
{
    /// <summary>What lengths are multiples of, bytes, where blocks are large.</summary>
    public const long Granularity = 1 << 16;

    // From here on the C library asks the system for each piece and returns it at once when it is freed.
    private const long LeastLength = 32 << 20;

    private readonly SortedSet<Block> free = new(Comparer<Block>.Create((a, b) =>
        a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.Address.CompareTo(b.Address)));

    private readonly Dictionary<nint, Block> used = [];

    /// <summary>Bytes that are free but not returned to the system.</summary>
    public long FreeBytes { get; private set; }

    /// <summary>A block.</summary>
    /// <param name="length">Bytes, a multiple of the source's alignment.</param>
    /// <param name="lasting">True for a piece of its own, which a block that stays cannot divide.</param>
    /// <returns>Its address; 0 when the system has no more.</returns>
    public nint Rent(long length, bool lasting)
    {
        var block = lasting ? null : Smallest(length);
        if (block is null)
        {
            Release(length);
            if (Make(lasting ? length : Math.Max(length, leastLength)) is not { } made) return 0;
            block = made;
        }
        else
        {
            free.Remove(block);
            FreeBytes -= block.Length;
        }
        if (block.Length > length) Put(block.CutOff(length));
        used[block.Address] = block;
        return block.Address;
    }

    /// <summary>Gives a block back.</summary>
    public void Return(nint address)
    {
        used.Remove(address, out var block);
        if (block!.Left is { } left && free.Remove(left))
        {
            FreeBytes -= left.Length;
            block = left.Swallow();
        }
        if (block.Right is { } right && free.Remove(right))
        {
            FreeBytes -= right.Length;
            block.Swallow();
        }
        Put(block);
    }

    /// <summary>Returns pieces that are free as a whole to the system, the largest first, until there was enough of
    /// them.</summary>
    public void Release(long bytes = long.MaxValue)
    {
        foreach (var block in free.Reverse().Where(b => b.IsWhole).ToArray())
        {
            if (bytes <= 0) return;
            free.Remove(block);
            FreeBytes -= block.Length;
            bytes -= block.Length;
            source.Free(block.Address);
        }
    }

    private Block? Smallest(long length)
    {
        var fitting = free.GetViewBetween(new Block(0, length), new Block(nint.MaxValue, long.MaxValue));
        return fitting.Min;
    }

    private Block? Make(long length) =>
        source.Allocate(length) is not 0 and var address ? new Block(address, length) : null;

    private void Put(Block block)
    {
        free.Add(block);
        FreeBytes += block.Length;
    }

    private sealed class Block(nint address, long length)
    {
        public nint Address => address;

        public long Length { get; private set; } = length;

        public Block? Left { get; private set; }

        public Block? Right { get; private set; }

        public bool IsWhole => Left is null && Right is null;

        public Block CutOff(long length)
        {
            var rest = new Block(Address + (nint)length, Length - length) { Left = this, Right = Right };
            if (Right is { } right) right.Left = rest;
            (Right, Length) = (rest, length);
            return rest;
        }

        public Block Swallow()
        {
            Length += Right!.Length;
            Right = Right.Right;
            if (Right is { } right) right.Left = this;
            return this;
        }
    }
}
