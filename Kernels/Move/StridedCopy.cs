using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Copies any layout to a contiguous one.</summary>
/// <param name="X">Address of element 0 of the source.</param>
/// <param name="Shape">Lengths of the axes.</param>
/// <param name="Strides">Distances in the source, in elements.</param>
/// <param name="Y">The contiguous destination.</param>
public readonly record struct StridedCopyArgs(View X, Shape Shape, long[] Strides, View Y);

/// <summary>Copies a strided window into contiguous memory.</summary>
public static unsafe class StridedCopy
{
    /// <summary>y = x, element by element, for every element type.</summary>
    public static readonly Kernel<StridedCopyArgs> Forward = new Kernel<StridedCopyArgs>("strided_copy")
        .OnCpu(DType.Float32, Copy<int>).OnCpu(DType.Int32, Copy<int>)
        .OnCpu(DType.Float64, Copy<long>).OnCpu(DType.Int64, Copy<long>)
        .OnCpu(DType.Float16, Copy<short>).OnCpu(DType.BFloat16, Copy<short>)
        .OnCpu(DType.UInt8, Copy<byte>).OnCpu(DType.Bool, Copy<byte>);

    private static void Copy<T>(CpuDevice device, StridedCopyArgs args) where T : unmanaged
    {
        var shape = args.Shape;
        if (shape.Count == 0) return;
        if (shape.Rank == 0)
        {
            *args.Y.As<T>() = *args.X.As<T>();
            return;
        }
        var inner = shape[^1];
        var rows = shape.Count / inner;
        var step = args.Strides[^1];
        var perTask = Math.Max(1, (1 << 15) / inner);
        device.For(checked((int)((rows + perTask - 1) / perTask)), task =>
        {
            for (var row = task * perTask; row < Math.Min(rows, (task + 1) * perTask); row++)
            {
                var (at, rest) = (0L, row);
                for (var axis = shape.Rank - 2; axis >= 0; axis--)
                {
                    at += rest % shape[axis] * args.Strides[axis];
                    rest /= shape[axis];
                }
                T* x = args.X.As<T>() + at, y = args.Y.As<T>() + row * inner;
                if (step == 1) Buffer.MemoryCopy(x, y, inner * sizeof(T), inner * sizeof(T));
                else for (long i = 0; i < inner; i++) y[i] = x[i * step];
            }
        });
    }
}
