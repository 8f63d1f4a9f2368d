using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Copies any layout to any other.</summary>
/// <param name="X">Element 0 of the source.</param>
/// <param name="Y">Element 0 of the destination.</param>
/// <param name="Plan">How both are walked.</param>
public readonly record struct StridedCopyArgs(View X, View Y, CopyPlan Plan);

/// <summary>Copies one strided window to another. Rows that are whole in both are moved as such; a transposition goes
/// tile by tile, so that every cache line it touches is used up while it is at hand.</summary>
public static unsafe partial class StridedCopy
{
    private const int TileSide = 64;
    private const int TileArea = TileSide * TileSide;

    /// <summary>y = x, element by element, for every element type.</summary>
    public static readonly Kernel<StridedCopyArgs> Forward = new Kernel<StridedCopyArgs>("strided_copy")
        .OnCpu(DType.Float32, Copy<int>).OnCpu(DType.Int32, Copy<int>)
        .OnCpu(DType.Float64, Copy<long>).OnCpu(DType.Int64, Copy<long>)
        .OnCpu(DType.Float16, Copy<short>).OnCpu(DType.BFloat16, Copy<short>)
        .OnCpu(DType.UInt8, Copy<byte>).OnCpu(DType.Bool, Copy<byte>)
        .OnGpu(DType.Float32, CopyGpu<int>).OnGpu(DType.Int32, CopyGpu<int>)
        .OnGpu(DType.Float64, CopyGpu<long>).OnGpu(DType.Int64, CopyGpu<long>)
        .OnGpu(DType.Float16, CopyGpu<short>).OnGpu(DType.BFloat16, CopyGpu<short>)
        .OnGpu(DType.UInt8, CopyGpu<byte>).OnGpu(DType.Bool, CopyGpu<byte>);

    private static void Copy<T>(CpuDevice device, StridedCopyArgs args) where T : unmanaged
    {
        if (args.Plan.Nearest == 0) Rows<T>(device, args);
        else Tiles<T>(device, args);
    }

    private static void Rows<T>(CpuDevice device, StridedCopyArgs args) where T : unmanaged
    {
        var plan = args.Plan;
        var length = plan.Length(0);
        var (stepX, stepY) = (plan.From(0), plan.To(0));
        device.ForChunks(plan.Count, (first, last) =>
        {
            while (first < last)
            {
                var (row, column) = Math.DivRem(first, length);
                var count = Math.Min(length - column, last - first);
                var (from, to) = plan.At(row, 0, 0);
                Row(args.X.As<T>() + from + (column * stepX), args.Y.As<T>() + to + (column * stepY), stepX, stepY,
                    count);
                first += count;
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(T* x, T* y, long stepX, long stepY, long count) where T : unmanaged
    {
        // Moving a few elements takes less than asking the runtime to.
        if (stepX == 1 && stepY == 1 && count > 8)
            Buffer.MemoryCopy(x, y, count * sizeof(T), count * sizeof(T));
        else if (stepX == 0 && stepY == 1 && count <= int.MaxValue) new Span<T>(y, (int)count).Fill(*x);
        else for (long i = 0; i < count; i++) y[i * stepY] = x[i * stepX];
    }

    // Axis 0 is the destination's innermost (q), the nearest one the source's (p).
    private static void Tiles<T>(CpuDevice device, StridedCopyArgs args) where T : unmanaged
    {
        var plan = args.Plan;
        var (lengthQ, lengthP) = (plan.Length(0), plan.Length(plan.Nearest));
        var sideQ = Math.Min(TileSide, lengthQ);
        var sideP = Math.Min(TileArea / sideQ, lengthP);
        var (tilesQ, tilesP) = ((lengthQ + sideQ - 1) / sideQ, (lengthP + sideP - 1) / sideP);
        var tiles = plan.Count == 0 ? 0 : plan.Count / (lengthQ * lengthP) * tilesQ * tilesP;
        device.ForChunks(tiles, Chunks.Size / TileArea, (first, last) =>
        {
            for (var tile = first; tile < last; tile++)
            {
                var (rest, q) = Math.DivRem(tile, tilesQ);
                var (position, p) = Math.DivRem(rest, tilesP);
                var (from, to) = plan.At(position, 0, plan.Nearest);
                (q, p) = (q * sideQ, p * sideP);
                Tile(args.X.As<T>() + from + (q * plan.From(0)) + (p * plan.From(plan.Nearest)),
                    args.Y.As<T>() + to + (q * plan.To(0)) + (p * plan.To(plan.Nearest)), plan,
                    Math.Min(sideQ, lengthQ - q), Math.Min(sideP, lengthP - p));
            }
        });
    }

    // By way of a buffer, into which the source's neighbours go as they lie: rows a power of two apart would push one
    // another out of the cache if they were read a few elements at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<T>(T* x, T* y, in CopyPlan plan, long countQ, long countP) where T : unmanaged
    {
        var buffer = stackalloc T[TileArea];
        for (long q = 0; q < countQ; q++)
            Row(x + q * plan.From(0), buffer + q * countP, plan.From(plan.Nearest), 1, countP);
        var (toQ, toP) = (plan.To(0), plan.To(plan.Nearest));
        for (long p = 0; p < countP; p++)
        {
            T* source = buffer + p, target = y + p * toP;
            for (long q = 0; q < countQ; q++) target[q * toQ] = source[q * countP];
        }
    }
}
