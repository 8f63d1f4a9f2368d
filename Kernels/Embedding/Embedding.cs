using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A look-up of rows.</summary>
/// <param name="Table">[rows, width]; its gradient in the backward.</param>
/// <param name="Indices">Int64 [count], each below the number of rows.</param>
/// <param name="Y">[count, width]; its gradient in the backward.</param>
/// <param name="Rows">Rows of the table.</param>
/// <param name="Count">Rows to look up.</param>
/// <param name="Width">Elements of a row.</param>
public readonly record struct EmbeddingArgs(View Table, View Indices, View Y, long Rows, long Count, int Width);

/// <summary>Rows of a table by their numbers.</summary>
public static unsafe partial class Embedding
{
    private const int Strip = 64;

    /// <summary>y[i] = table[indices[i]].</summary>
    public static readonly Kernel<EmbeddingArgs> Forward = new Kernel<EmbeddingArgs>("embedding.forward")
        .OnCpu(DType.Float32, Copy<float>)
        .OnCpu(DType.Float64, Copy<double>)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>table[r] = sum of the y[i] with indices[i] = r, in the order of i.</summary>
    public static readonly Kernel<EmbeddingArgs> Backward = new Kernel<EmbeddingArgs>("embedding.backward")
        .OnCpu(DType.Float32, BackwardSimd)
        .OnCpu(DType.Float64, BackwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);

    private static void Copy<T>(CpuDevice device, EmbeddingArgs a) where T : unmanaged =>
        device.ForRows(a.Count, a.Width, i => new ReadOnlySpan<T>(a.Table.As<T>() + a.Indices.I64[i] * a.Width, a.Width)
            .CopyTo(new Span<T>(a.Y.As<T>() + i * a.Width, a.Width)));

    private static void BackwardReference(CpuDevice device, EmbeddingArgs a)
    {
        for (long i = 0; i < a.Rows * a.Width; i++) a.Table.F64[i] = 0;
        for (long i = 0; i < a.Count; i++)
            for (var c = 0; c < a.Width; c++) a.Table.F64[a.Indices.I64[i] * a.Width + c] += a.Y.F64[i * a.Width + c];
    }

    // A task owns a strip of columns of the whole table and walks through all indices, so that sums have one order.
    private static void BackwardSimd(CpuDevice device, EmbeddingArgs a) =>
        device.For((a.Width + Strip - 1) / Strip, strip =>
        {
            var first = strip * Strip;
            var width = Math.Min(Strip, a.Width - first);
            for (long r = 0; r < a.Rows; r++) new Span<float>(a.Table.F32 + r * a.Width + first, width).Clear();
            for (long i = 0; i < a.Count; i++)
                PixelRows.AddScaled(a.Y.F32 + i * a.Width + first, 1, width,
                    a.Table.F32 + a.Indices.I64[i] * a.Width + first);
        });
}
