using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class LayerNorm
{
    private const int BlockRows = 256;
    private const int BlockColumns = 512;

    // A task sums a block of rows and columns in float; the blocks of a column are added in double, in order.
    private static void ParameterGradients(CpuDevice device, LayerNormBackwardArgs b)
    {
        var a = b.Forward;
        int down = (a.Rows + BlockRows - 1) / BlockRows, across = (a.Columns + BlockColumns - 1) / BlockColumns;
        using var memory = new Scratch(device, 2L * down * a.Columns * sizeof(float));
        var parts = memory.F32;
        device.For(checked(down * across), i =>
        {
            int first = i / across * BlockRows, column = i % across * BlockColumns;
            ColumnSums(b, first, Math.Min(BlockRows, a.Rows - first), column,
                Math.Min(BlockColumns, a.Columns - column), parts + 2 * (nint)(i / across) * a.Columns + column);
        });
        device.For(across, i =>
        {
            for (var c = i * BlockColumns; c < Math.Min(a.Columns, (i + 1) * BlockColumns); c++)
            {
                double gamma = 0, beta = 0;
                for (var block = 0; block < down; block++)
                {
                    gamma += parts[2 * (nint)block * a.Columns + c];
                    beta += parts[(2 * (nint)block + 1) * a.Columns + c];
                }
                if (b.DGamma.Exists) b.DGamma.F32[c] = (float)gamma;
                if (b.DBeta.Exists) b.DBeta.F32[c] = (float)beta;
            }
        });
    }

    // Sums of dy times the normalised input, and, a row of the matrix further, of dy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ColumnSums(
        in LayerNormBackwardArgs b, int first, int rows, int column, int columns, float* sums)
    {
        nint width = b.Forward.Columns;
        new Span<float>(sums, columns).Clear();
        new Span<float>(sums + width, columns).Clear();
        for (var r = first; r < first + rows; r++)
        {
            float* x = b.Forward.X.F32 + r * width + column, dy = b.Dy.F32 + r * width + column;
            float mean = (float)b.Forward.Statistics.F64[2 * r], rstd = (float)b.Forward.Statistics.F64[2 * r + 1];
            var c = 0;
            for (; c + 8 <= columns; c += 8) AddLane<WideLane>(x + c, dy + c, mean, rstd, sums + c, width);
            for (; c < columns; c++) AddLane<FloatLane>(x + c, dy + c, mean, rstd, sums + c, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLane<T>(float* x, float* dy, float mean, float rstd, float* sums, nint width)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var gradient = T.Load(dy);
        var normalised = (T.Load(x) - T.Of(mean)) * T.Of(rstd);
        T.Store(sums, T.MultiplyAdd(gradient, normalised, T.Load(sums)));
        T.Store(sums + width, T.Load(sums + width) + gradient);
    }
}
