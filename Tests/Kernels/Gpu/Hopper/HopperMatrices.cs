using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>A product of matrices: C = alpha A B + beta C + bias + residual, with all that can be added when
/// <see cref="Adds"/>.</summary>
internal sealed record HopperMatrices(int Rows, int Columns, int Depth)
{
    public bool TransposeA { get; init; }

    public bool TransposeB { get; init; }

    public int Batch { get; init; } = 1;

    public bool SharesA { get; init; }

    public bool SharesB { get; init; }

    /// <summary>Type of the result; the operands' when null.</summary>
    public DType? Result { get; init; }

    public bool Adds { get; init; }

    public bool HalfBias { get; init; }

    public override string ToString() =>
        $"{Rows}x{Columns}x{Depth}{(TransposeA ? " A'" : "")}{(TransposeB ? " B'" : "")}";

    /// <summary>Runs it with a tile, or as its shape asks for, and compares it with double precision.</summary>
    /// <returns>The result, and where it is wrong.</returns>
    public (double[] Result, string? Error) Run(GpuDevice device, MmaNumbers numbers, HopperTile? tile)
    {
        var lab = new HopperLab(device, numbers);
        var x = lab.Random(1, (SharesA ? 1 : Batch) * Rows * Depth);
        var y = lab.Random(2, (SharesB ? 1 : Batch) * Depth * Columns);
        var count = Batch * Rows * Columns;
        double[] bias = lab.Random(3, Columns), before = lab.Random(4, count), residual = lab.Random(5, count);
        var (alpha, beta) = Adds ? (0.5f, 2f) : (1f, 0f);
        var type = Result ?? lab.Half;
        View a = lab.Put(x, lab.Half), b = lab.Put(y, lab.Half), c = lab.Put(before, type);
        var product = new MmaVariant(numbers, TransposeA ? MmaSource.Columns : MmaSource.Rows,
            TransposeB ? MmaSource.Rows : MmaSource.Columns, true, true, false, type, MmaTile.Small);
        var sizes = new MmaSizes
        {
            Left = new() { Step = SharesA ? 0 : Rows * Depth, Lead = TransposeA ? Rows : Depth, Depth = Depth },
            Right = new() { Step = SharesB ? 0 : Columns * Depth, Lead = TransposeB ? Depth : Columns, Depth = Depth },
            StepResult = (long)Rows * Columns,
            LeadResult = Columns,
            Rows = Rows,
            Columns = Columns,
            Segments = 1,
            Slices = (Depth + product.Slice - 1) / product.Slice,
            HalfBias = HalfBias ? 1 : 0,
            Alpha = alpha,
            Beta = beta,
        };
        var cut = tile is { } t ? HopperCut.Of(t, product, sizes)
            : HopperChoice.Cut(device, product, sizes, Batch, a, b)!.Value;
        HopperProduct.Run(device, cut, product, sizes, Batch, a, b, c,
            Adds ? lab.Put(bias, HalfBias ? lab.Half : DType.Float32) : default,
            Adds ? lab.Put(residual, type) : default);
        var error = lab.Difference(c, Depth, i =>
        {
            var (entry, row, column) = (i / (Rows * Columns), i / Columns % Rows, i % Columns);
            int atA = SharesA ? 0 : entry * Rows * Depth, atB = SharesB ? 0 : entry * Columns * Depth;
            double sum = 0, magnitude = 0;
            for (var d = 0; d < Depth; d++)
            {
                var term = x[atA + (TransposeA ? d * Rows + row : row * Depth + d)]
                    * y[atB + (TransposeB ? column * Depth + d : d * Columns + column)];
                sum += term;
                magnitude += Math.Abs(term);
            }
            return !Adds ? (sum, magnitude) : (alpha * sum + beta * before[i] + bias[column] + residual[i],
                alpha * magnitude + Math.Abs(beta * before[i]) + Math.Abs(bias[column]) + Math.Abs(residual[i]));
        });
        var result = lab.Get(c);
        lab.Clear();
        return (result, error);
    }
}
