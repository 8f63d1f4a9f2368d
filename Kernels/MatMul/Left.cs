using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The left operand of a blocked product: gives parts of its rows, contiguous along the depth.</summary>
internal unsafe interface ILeft
{
    /// <summary>Writes rows <paramref name="row"/> … of depths <paramref name="k"/> … into <paramref name="block"/>.
    /// </summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="k">First depth.</param>
    /// <param name="depth">How many.</param>
    /// <param name="block">Where to.</param>
    /// <param name="stride">Floats between rows in the block.</param>
    void Load(long row, int rows, int k, int depth, float* block, nint stride);
}

/// <summary>A matrix in memory, row-major.</summary>
internal readonly unsafe struct LeftRows(float* data, nint rowStride) : ILeft
{
    public void Load(long row, int rows, int k, int depth, float* block, nint stride)
    {
        var from = data + row * rowStride + k;
        for (var r = 0; r < rows; r++, from += rowStride, block += stride)
            Unsafe.CopyBlockUnaligned(block, from, (uint)depth * sizeof(float));
    }
}

/// <summary>A matrix in memory whose rows lie along its columns: element (row, k) at k * stride + row.</summary>
internal readonly unsafe struct LeftColumns(float* data, nint depthStride) : ILeft
{
    public void Load(long row, int rows, int k, int depth, float* block, nint stride)
    {
        var from = data + k * depthStride + row;
        var r = 0;
        for (; r + 8 <= rows; r += 8)
        {
            var j = 0;
            for (; j + 8 <= depth; j += 8)
                Transpose8.Run(from + j * depthStride + r, depthStride, block + r * stride + j, stride);
            for (; j < depth; j++)
                for (var i = 0; i < 8; i++) block[(r + i) * stride + j] = from[j * depthStride + r + i];
        }
        for (; r < rows; r++)
            for (var j = 0; j < depth; j++) block[r * stride + j] = from[j * depthStride + r];
    }
}
