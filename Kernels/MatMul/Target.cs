namespace Diffract.Kernels;

/// <summary>Where the rows of a product go.</summary>
internal unsafe interface ITarget
{
    /// <summary>Address of a row of the result, and of what is added to it (null for nothing).</summary>
    float* Row(long row, out float* residual);
}

/// <summary>A row-major matrix.</summary>
internal readonly unsafe struct TargetRows(float* data, nint stride, float* residual = null) : ITarget
{
    public float* Row(long row, out float* added)
    {
        added = residual is null ? null : residual + row * stride;
        return data + row * stride;
    }
}
