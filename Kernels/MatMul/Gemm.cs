using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One product with packed panels on all threads: left rows x packed right, finished row by row.</summary>
internal static unsafe class Gemm
{
    /// <summary>Packs a right operand with all threads.</summary>
    public static void Pack(CpuDevice device, float* b, nint stride, bool transposed, int depth, int columns,
        float* packed)
    {
        var panels = Panels.Count(columns);
        // Neighbouring panels of a row-major matrix share cache lines' neighbours and pages: four to a task.
        const int each = 4;
        device.For((panels + each - 1) / each, t =>
        {
            for (var p = t * each; p < Math.Min(panels, t * each + each); p++)
                Panels.Pack(b, stride, transposed, depth, columns, p, packed + (nint)p * depth * Tile.Columns);
        });
    }

    /// <summary>Multiplies and finishes.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="left">Left operand.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="packed">Right operand, packed.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="target">Where rows go.</param>
    /// <param name="finish">What is done to a sum before it is written.</param>
    public static void Run<TLeft, TTarget>(CpuDevice device, TLeft left, long rows, float* packed, int depth,
        int columns, TTarget target, RowFinish finish)
        where TLeft : struct, ILeft where TTarget : struct, ITarget
    {
        if (rows == 0 || columns == 0) return;
        var panels = Panels.Count(columns);
        var plan = GemmPlan.For(rows, panels, depth);
        if (plan.DepthSplits > 1)
        {
            RunSplit(device, left, rows, packed, depth, columns, target, finish, plan);
            return;
        }
        var groups = (panels + plan.PanelGroup - 1) / plan.PanelGroup;
        var blocks = (rows + plan.RowBlock - 1) / plan.RowBlock;
        device.For(checked((int)(blocks * groups)), t =>
        {
            var row = t / groups * (long)plan.RowBlock;
            var count = (int)Math.Min(plan.RowBlock, rows - row);
            var panel = t % groups * plan.PanelGroup;
            var width = Math.Min(plan.PanelGroup, panels - panel);
            var leftFloats = Blocks.LeftFloats(count, depth);
            using var scratch = new Scratch(device, (leftFloats + Blocks.SumFloats(count, width)) * sizeof(float));
            var sums = scratch.F32 + leftFloats;
            var stride = Blocks.Stride(width * Tile.Columns);
            Blocks.Multiply(left, row, count, 0, depth, Right.Packed(packed, depth, panel), width, scratch.F32, sums,
                stride);
            var column = panel * Tile.Columns;
            var written = Math.Min(width * Tile.Columns, columns - column);
            for (var r = 0; r < count; r++)
            {
                var y = target.Row(row + r, out var residual);
                finish.Write(sums + r * stride, column, written, y + column,
                    residual is null ? null : residual + column);
            }
        });
    }

    // Few rows and columns, long sums (a weight gradient): the parts' sums go to memory and are added in pairs.
    private static void RunSplit<TLeft, TTarget>(CpuDevice device, TLeft left, long rows, float* packed, int depth,
        int columns, TTarget target, RowFinish finish, GemmPlan plan)
        where TLeft : struct, ILeft where TTarget : struct, ITarget
    {
        var panels = Panels.Count(columns);
        var groups = (panels + plan.PanelGroup - 1) / plan.PanelGroup;
        var blocks = (int)((rows + plan.RowBlock - 1) / plan.RowBlock);
        var length = (depth / plan.DepthSplits + 7) / 8 * 8;
        var splits = (depth + length - 1) / length;
        var stride = Blocks.Stride(plan.PanelGroup * Tile.Columns);
        var blockFloats = Blocks.SumFloats(plan.RowBlock, plan.PanelGroup);
        using var partial = new Scratch(device, blockFloats * blocks * groups * splits * sizeof(float));
        var partials = partial.F32;
        device.For(blocks * groups * splits, t =>
        {
            var (cell, split) = (t / splits, t % splits);
            var row = cell / groups * (long)plan.RowBlock;
            var count = (int)Math.Min(plan.RowBlock, rows - row);
            var panel = cell % groups * plan.PanelGroup;
            var width = Math.Min(plan.PanelGroup, panels - panel);
            var k = split * length;
            var part = Math.Min(length, depth - k);
            using var scratch = new Scratch(device, Blocks.LeftFloats(count, part) * sizeof(float));
            Blocks.Multiply(left, row, count, k, part, Right.Packed(packed, depth, panel), width, scratch.F32,
                partials + t * blockFloats, stride);
        });
        device.For(checked((int)rows), r =>
        {
            var row = target.Row(r, out var residual);
            for (var g = 0; g < groups; g++)
            {
                var sums = partials + (r / plan.RowBlock * groups + g) * splits * blockFloats
                    + r % plan.RowBlock * stride;
                var column = g * plan.PanelGroup * Tile.Columns;
                var width = Math.Min(plan.PanelGroup * Tile.Columns, columns - column);
                Vectors.AddTree(sums, width, splits, (nint)blockFloats);
                finish.Write(sums, column, width, row + column, residual is null ? null : residual + column);
            }
        });
    }
}
