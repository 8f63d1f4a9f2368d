using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="MatMul.Run"/>: C = alpha op(A) op(B) + beta C + bias + residual, for each entry of
/// a batch. All matrices are row-major.</summary>
public readonly struct MatMulArgs : ICounted
{
    /// <summary>A: [Rows, Depth], or [Depth, Rows] when <see cref="TransposeA"/>.</summary>
    public required View A { get; init; }

    /// <summary>B: [Depth, Columns], or [Columns, Depth] when <see cref="TransposeB"/>.</summary>
    public required View B { get; init; }

    /// <summary>C: [Rows, Columns].</summary>
    public required View C { get; init; }

    /// <summary>[Columns], added to every row; may be absent.</summary>
    public View Bias { get; init; }

    /// <summary>Added to C, laid out like it; may be absent, and may be C itself.</summary>
    public View Residual { get; init; }

    /// <summary>B as <see cref="MatMul.Pack"/> left it, when it was packed beforehand; one matrix for all entries of
    /// the batch. Float32 only.</summary>
    public View PackedB { get; init; }

    /// <summary>Sums over the columns of C that somebody wishes for; null for none.</summary>
    public ChannelSums? Sums { get; init; }

    /// <summary>Rows of C.</summary>
    public required int Rows { get; init; }

    /// <summary>Columns of C.</summary>
    public required int Columns { get; init; }

    /// <summary>Length of the sums.</summary>
    public required int Depth { get; init; }

    /// <summary>True when A is stored transposed.</summary>
    public bool TransposeA { get; init; }

    /// <summary>True when B is stored transposed.</summary>
    public bool TransposeB { get; init; }

    /// <summary>Number of products.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Elements between the batch's entries of A; 0 for the same matrix every time.</summary>
    public long StepA { get; init; }

    /// <summary>Elements between the batch's entries of B; 0 for the same matrix every time.</summary>
    public long StepB { get; init; }

    /// <summary>Elements between the batch's entries of C and of the residual.</summary>
    public long StepC { get; init; }

    /// <summary>Factor of the product.</summary>
    public float Alpha { get; init; } = 1;

    /// <summary>Factor of what C held before; 0 does not read it.</summary>
    public float Beta { get; init; }

    /// <inheritdoc/>
    public long Products => (long)Batch * Rows * Columns * Depth;

    /// <summary>One product, plain.</summary>
    public MatMulArgs() { }
}
