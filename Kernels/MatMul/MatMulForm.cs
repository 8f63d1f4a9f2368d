namespace Diffract.Kernels;

/// <summary>The sizes of a packed right operand.</summary>
/// <param name="Depth">Length of the sums.</param>
/// <param name="Columns">Columns of B.</param>
/// <param name="Transposed">True when B is stored [columns, depth].</param>
public readonly record struct MatMulForm(int Depth, int Columns, bool Transposed)
{
    /// <summary>Bytes of the packed operand.</summary>
    public long Bytes => Panels.Floats(Depth, Columns) * sizeof(float);
}
