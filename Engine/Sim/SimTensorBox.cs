namespace Diffract.Engine.Sim;

/// <summary>A box of a tensor that a copy takes into shared memory or out of it (section 5.5.3).</summary>
internal sealed unsafe class SimTensorBox
{
    // A box begins at a multiple of this in shared memory.
    private const int Alignment = 128;

    private readonly TensorMap map;
    private readonly int[] corner, taken;
    private readonly ulong shared;

    /// <summary>A box.</summary>
    /// <param name="map">The tensor.</param>
    /// <param name="corner">The first element along every axis, innermost first; it may lie outside.</param>
    /// <param name="shared">The box in shared memory.</param>
    public SimTensorBox(TensorMap map, int[] corner, ulong shared)
    {
        (this.map, this.corner, this.shared) = (map, corner, shared);
        if (corner.Length != map.Sizes.Count)
            throw new SimException($"{corner.Length} coordinates for a tensor map of {map.Sizes.Count} axes");
        if (shared % Alignment != 0)
            throw new SimException($"a box at shared byte {shared}, which is no multiple of {Alignment}");
        if (map.Span > 0 && map.RowBytes != map.Span)
            throw new SimException($"a box with rows of {map.RowBytes} bytes, swizzled over {map.Span}: how narrower "
                + "rows lie is not known to the simulated device");
        taken = [.. Enumerable.Range(0, corner.Length).Select(map.Taken)];
    }

    /// <summary>Copies from the tensor: elements outside it are 0, or NaN.</summary>
    public void Load(SimWarp warp, SimMbarrier barrier)
    {
        var row = new byte[map.RowBytes];
        for (var r = 0; r < Rows; r++)
        {
            var (first, last, address) = Row(r);
            Fill(row);
            var size = map.ElementBytes;
            for (var i = first; i < last;)
            {
                var step = Step(address + (ulong)(i * size), (last - i) * size);
                new ReadOnlySpan<byte>(warp.Block.Launch.Memory.Load(address + (ulong)(i * size), step), step)
                    .CopyTo(row.AsSpan(i * size));
                i += step / size;
            }
            for (var p = 0; p < row.Length; p += SimShared.Piece)
                warp.Block.Shared.StoreAsync(warp, (ulong)Place(r, p), row.AsSpan(p, SimShared.Piece), barrier.Slot,
                    barrier.Stamp, fenced: true);
        }
        barrier.CompleteLater(warp, (uint)map.BoxBytes);
    }

    /// <summary>A piece of shared memory.</summary>
    public delegate ReadOnlySpan<byte> Reader(int address);

    /// <summary>Copies to the tensor; elements outside it stay away.</summary>
    public void Store(SimMemory memory, Reader read)
    {
        var row = new byte[map.RowBytes];
        for (var r = 0; r < Rows; r++)
        {
            for (var p = 0; p < row.Length; p += SimShared.Piece) read(Place(r, p)).CopyTo(row.AsSpan(p));
            var (first, last, address) = Row(r);
            var size = map.ElementBytes;
            for (var i = first; i < last;)
            {
                var step = Step(address + (ulong)(i * size), (last - i) * size);
                row.AsSpan(i * size, step)
                    .CopyTo(new Span<byte>(memory.Store(address + (ulong)(i * size), step), step));
                i += step / size;
            }
        }
    }

    private int Rows => taken.Skip(1).Aggregate(1, (n, t) => n * t);

    // Elements first … last - 1 of a row lie in the tensor, counted from the address of element 0.
    private (int First, int Last, ulong Address) Row(int row)
    {
        var address = map.Address + corner[0] * (long)map.ElementBytes;
        var inside = true;
        for (var axis = 1; axis < taken.Length; axis++)
        {
            var at = corner[axis] + (long)(row % taken[axis]) * map.Steps[axis];
            row /= taken[axis];
            inside &= at >= 0 && at < map.Sizes[axis];
            address += at * map.Strides[axis - 1];
        }
        var first = (int)Math.Clamp(-(long)corner[0], 0, taken[0]);
        var last = (int)Math.Clamp(map.Sizes[0] - corner[0], first, taken[0]);
        return inside ? (first, last, (ulong)address) : (0, 0, 0);
    }

    // Where a byte of a row lies.
    private int Place(int row, int at) => MatrixDescriptor.Swizzled(
        checked((int)shared) + row * map.RowBytes + at, 0, Math.Max(1, map.Span / SimShared.Piece));

    // As many bytes as one access takes.
    private int Step(ulong address, int left)
    {
        var step = SimShared.Piece;
        while (step > map.ElementBytes && (step > left || address % (ulong)step != 0)) step /= 2;
        return step;
    }

    private void Fill(byte[] row)
    {
        if (!map.FillsNaN)
        {
            Array.Clear(row);
            return;
        }
        // The NaN whose bits are all ones above the sign.
        Array.Fill(row, (byte)0xFF);
        for (var i = map.ElementBytes - 1; i < row.Length; i += map.ElementBytes) row[i] = 0x7F;
    }
}
