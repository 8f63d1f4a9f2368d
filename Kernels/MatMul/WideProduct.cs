using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Some rows times a large matrix: packed as a whole, the matrix would go to memory and come back for few
/// uses. So every task packs its own columns part by part, into the second cache, and all rows pass by.</summary>
internal static unsafe class WideProduct
{
    private const int MostRows = 400;
    private const long LeastBytes = 8 << 20;

    // All rows' sums of one task, in floats: as much as a packed part.
    private const int SumFloats = 1 << 16;

    /// <summary>True where this is faster than packing first.</summary>
    public static bool Fits(in MatMulArgs args) =>
        args.Rows <= MostRows && (long)args.Depth * args.Columns * sizeof(float) >= LeastBytes;

    /// <summary>Multiplies and finishes.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="args">Sizes and B's layout.</param>
    /// <param name="left">Left operand.</param>
    /// <param name="b">Right operand, as it lies.</param>
    /// <param name="target">Where rows go.</param>
    /// <param name="finish">What is done to a sum before it is written.</param>
    public static void Run(CpuDevice device, MatMulArgs args, LeftRows left, float* b, TargetRows target,
        RowFinish finish)
    {
        var (rows, columns, depth, transposed) = (args.Rows, args.Columns, args.Depth, args.TransposeB);
        var panels = Panels.Count(columns);
        var group = Math.Max(1, SumFloats / Blocks.WholeTiles(rows) / Tile.Columns);
        var block = Blocks.Even(rows, GemmPlan.LargestRowBlock, Blocks.RowUnit);
        var part = Blocks.Part(depth);
        nint stride = transposed ? depth : columns, step = transposed ? 1 : columns;
        device.For((panels + group - 1) / group, t =>
        {
            var panel = t * group;
            var width = Math.Min(group, panels - panel);
            long leftFloats = Blocks.LeftFloats(block, part), packedFloats = (long)width * part * Tile.Columns;
            using var scratch = new Scratch(device,
                (leftFloats + packedFloats + Blocks.SumFloats(rows, width)) * sizeof(float));
            float* packed = scratch.F32 + leftFloats, sums = packed + packedFloats;
            var sumStride = Blocks.Stride(width * Tile.Columns);
            for (var k = 0; k < depth; k += part)
            {
                var length = Math.Min(part, depth - k);
                Panels.PackPart(b + k * step, stride, transposed, length, columns, panel, width, packed);
                var right = new Right(packed - (nint)k * Tile.Columns, (nint)length * Tile.Columns, Tile.Columns);
                // The next part comes from memory meanwhile, a row with every tile.
                var ahead = transposed || k + part >= depth ? default
                    : Ahead.Rows(b + (k + part) * step + panel * Tile.Columns, stride, width * Tile.Columns, length);
                for (var r = 0; r < rows; r += block)
                {
                    var count = Math.Min(block, rows - r);
                    Blocks.Multiply(left, r, count, k, length, right, width, scratch.F32, sums + r * sumStride,
                        sumStride, k > 0, ahead);
                    ahead = ahead.After(width * Tile.Count(count));
                }
            }
            var column = panel * Tile.Columns;
            var written = Math.Min(width * Tile.Columns, columns - column);
            for (var r = 0; r < rows; r++)
            {
                var y = target.Row(r, out var residual);
                finish.Write(sums + r * sumStride, column, written, y + column,
                    residual is null ? null : residual + column);
            }
        });
    }
}
