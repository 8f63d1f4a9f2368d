using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Products with few rows, such as a linear layer on a vector: the right operand is read once, where it lies,
/// because packing it would cost more than multiplying.</summary>
internal static unsafe class FewRows
{
    /// <summary>Most rows for which this is the faster way, when B is transposed and when it is not.</summary>
    public const int MostDots = 24, MostPanels = 12;

    private const int ColumnsOfTask = 64;

    /// <summary>A [rows, depth] times the transpose of B [columns, depth]: dot products.</summary>
    public static void Dots(CpuDevice device, float* a, float* b, int rows, int columns, int depth, TargetRows target,
        RowFinish finish) =>
        device.For((columns + ColumnsOfTask - 1) / ColumnsOfTask, t =>
        {
            var first = t * ColumnsOfTask;
            var count = Math.Min(ColumnsOfTask, columns - first);
            var sums = stackalloc float[MostDots * ColumnsOfTask];
            for (var j = 0; j < count; j += 4)
                for (var i = 0; i < rows; i += 3)
                    Square(a + (nint)i * depth, Math.Min(3, rows - i), b + (nint)(first + j) * depth,
                        Math.Min(4, count - j), depth, sums + i * ColumnsOfTask + j);
            for (var i = 0; i < rows; i++)
            {
                var y = target.Row(i, out var residual);
                finish.Write(sums + i * ColumnsOfTask, first, count, y + first,
                    residual is null ? null : residual + first);
            }
        });

    /// <summary>A [rows, depth] times B [depth, columns].</summary>
    public static void Panels(CpuDevice device, float* a, float* b, int rows, int columns, int depth, TargetRows target,
        RowFinish finish)
    {
        const int panelsOfTask = ColumnsOfTask / Tile.Columns;
        var left = new LeftRows(a, depth);
        device.For((columns + ColumnsOfTask - 1) / ColumnsOfTask, t =>
        {
            var first = t * ColumnsOfTask;
            var count = Math.Min(ColumnsOfTask, columns - first);
            var (panels, rest) = (count / Tile.Columns, count % Tile.Columns);
            var blockFloats = Blocks.LeftFloats(rows, depth);
            var stride = Blocks.Stride(ColumnsOfTask);
            var sumFloats = Blocks.SumFloats(rows, panelsOfTask);
            using var scratch = new Scratch(device,
                (blockFloats + sumFloats + (rest > 0 ? (long)depth * Tile.Columns : 0)) * sizeof(float));
            var sums = scratch.F32 + blockFloats;
            Blocks.Multiply(left, 0, rows, 0, depth, Right.Rows(b + first, columns, 0), panels, scratch.F32, sums,
                stride);
            if (rest > 0)
            {
                var panel = sums + sumFloats;
                Kernels.Panels.Pack(b + first + panels * Tile.Columns, columns, false, depth, rest, 0, panel);
                Blocks.Multiply(left, 0, rows, 0, depth, Right.Packed(panel, depth, 0), 1, scratch.F32,
                    sums + panels * Tile.Columns, stride);
            }
            for (var i = 0; i < rows; i++)
            {
                var y = target.Row(i, out var residual);
                finish.Write(sums + i * stride, first, count, y + first, residual is null ? null : residual + first);
            }
        });
    }

    // Up to 3 x 4 dot products at once: twelve sums hide the latency of a multiply-add. Missing rows repeat the first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square(float* a, int rows, float* b, int columns, nint depth, float* sums)
    {
        float* a0 = a, a1 = a + (rows > 1 ? depth : 0), a2 = a + (rows > 2 ? 2 * depth : 0);
        float* b0 = b, b1 = b + (columns > 1 ? depth : 0), b2 = b + (columns > 2 ? 2 * depth : 0),
            b3 = b + (columns > 3 ? 3 * depth : 0);
        var s = stackalloc float[12];
        Vector256<float> s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23;
        s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = s20 = s21 = s22 = s23 = Vector256<float>.Zero;
        nint k = 0;
        for (; k + 8 <= depth; k += 8)
        {
            Vector256<float> x = Vector256.Load(a0 + k), y = Vector256.Load(a1 + k), z = Vector256.Load(a2 + k);
            var w = Vector256.Load(b0 + k);
            s00 = Vector256.MultiplyAddEstimate(x, w, s00);
            s10 = Vector256.MultiplyAddEstimate(y, w, s10);
            s20 = Vector256.MultiplyAddEstimate(z, w, s20);
            w = Vector256.Load(b1 + k);
            s01 = Vector256.MultiplyAddEstimate(x, w, s01);
            s11 = Vector256.MultiplyAddEstimate(y, w, s11);
            s21 = Vector256.MultiplyAddEstimate(z, w, s21);
            w = Vector256.Load(b2 + k);
            s02 = Vector256.MultiplyAddEstimate(x, w, s02);
            s12 = Vector256.MultiplyAddEstimate(y, w, s12);
            s22 = Vector256.MultiplyAddEstimate(z, w, s22);
            w = Vector256.Load(b3 + k);
            s03 = Vector256.MultiplyAddEstimate(x, w, s03);
            s13 = Vector256.MultiplyAddEstimate(y, w, s13);
            s23 = Vector256.MultiplyAddEstimate(z, w, s23);
        }
        (s[0], s[1], s[2], s[3]) = (Vector256.Sum(s00), Vector256.Sum(s01), Vector256.Sum(s02), Vector256.Sum(s03));
        (s[4], s[5], s[6], s[7]) = (Vector256.Sum(s10), Vector256.Sum(s11), Vector256.Sum(s12), Vector256.Sum(s13));
        (s[8], s[9], s[10], s[11]) = (Vector256.Sum(s20), Vector256.Sum(s21), Vector256.Sum(s22), Vector256.Sum(s23));
        for (; k < depth; k++)
        {
            for (var j = 0; j < columns; j++)
            {
                var w = b[j * depth + k];
                s[j] += a0[k] * w;
                s[4 + j] += a1[k] * w;
                s[8 + j] += a2[k] * w;
            }
        }
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) sums[i * ColumnsOfTask + j] = s[i * 4 + j];
    }
}
