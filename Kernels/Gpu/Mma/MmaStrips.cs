using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <summary>How a product grants a wish for <see cref="ChannelSums"/>: some of its threads have the numbers of a strip
/// of rows in their registers, and write mean and sum of squared distances of every column, [strips, columns, 2]; the
/// strips of a sample are then added up in order, in double precision.</summary>
internal readonly unsafe struct MmaStrips : IDisposable
{
    private const int ColumnsOfBlock = 32;

    private static readonly GpuKernel total = new(Total);

    private readonly ChannelSums? sums;
    private readonly int rows, strips, columns;
    private readonly Scratch scratch;

    private MmaStrips(GpuDevice device, ChannelSums sums, int rows, in MmaSizes sizes)
    {
        (this.sums, this.rows, columns, strips) = (sums, rows, sizes.Columns, sizes.Rows / rows);
        scratch = new(device, Count * sizeof(float));
    }

    /// <summary>True when the product is to write them.</summary>
    public bool Exist => sums is not null;

    /// <summary>Where to; 0 when it is not.</summary>
    public nint Address => Exist ? (nint)scratch.F32 : 0;

    private long Count => 2L * strips * columns;

    /// <summary>The strips of a product; none where nobody wishes for sums, or they would not be whole: strips must lie
    /// within a sample, and a thread must have the result as it is written, with eight neighbouring columns.</summary>
    /// <param name="device">The device.</param>
    /// <param name="sums">The wish, or null.</param>
    /// <param name="rows">Rows of a strip.</param>
    /// <param name="sizes">The product.</param>
    /// <param name="output">How its threads write.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    /// <param name="parts">Parts of the depth.</param>
    public static MmaStrips Of(GpuDevice device, ChannelSums? sums, int rows, in MmaSizes sizes, MmaOutput output,
        int entries, int parts) =>
        sums is not null && sums.Pixels % rows == 0 && entries == 1 && parts == 1 && sizes.Segments == 1
        && output.Run == MmaMoments.Columns ? new(device, sums, rows, sizes) : default;

    /// <summary>Queues the addition, behind the product.</summary>
    public void Add(GpuDevice device)
    {
        if (sums is null) return;
        var ofSample = sums.Pixels / rows;
        total.Launch(device, ((columns + ColumnsOfBlock - 1) / ColumnsOfBlock, strips / ofSample, 1),
            new GpuArguments().Put(scratch.F32, Count).Put<double>(sums.Memory).Put(columns).Put(ofSample).Put(rows));
        sums.IsFilled = true;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (Exist) scratch.Dispose();
    }

    // A block has 32 columns of a sample, and eight threads for each, that take every eighth strip.
    private static void Total(ArrayView<float> strips, ArrayView<double> sums, int columns, int ofSample, int rows)
    {
        const int Columns = ColumnsOfBlock, Threads = GpuBlock.Threads;
        long column = Grid.IdxX * Columns + Group.IdxX % Columns, sample = Grid.IdxY;
        var first = Group.IdxX / Columns;
        double sum = 0, squares = 0;
        if (column < columns)
        {
            for (long s = first; s < ofSample; s += Threads / Columns)
            {
                var at = 2 * ((sample * ofSample + s) * columns + column);
                double mean = strips[at];
                sum += rows * mean;
                squares += strips[at + 1] + rows * mean * mean;
            }
        }
        var shared = SharedMemory.Allocate<double>(2 * Threads);
        shared[Group.IdxX] = sum;
        shared[Threads + Group.IdxX] = squares;
        Group.Barrier();
        if (first != 0 || column >= columns) return;
        for (var t = Group.IdxX + Columns; t < Threads; t += Columns)
        {
            sum += shared[t];
            squares += shared[Threads + t];
        }
        sums[2 * sample * columns + column] = sum;
        sums[(2 * sample + 1) * columns + column] = squares;
    }
}
