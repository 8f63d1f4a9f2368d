using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="Select"/> is run on.</summary>
/// <param name="Condition">Bool.</param>
/// <param name="A">Taken where the condition holds; 0 when absent.</param>
/// <param name="B">Taken elsewhere; 0 when absent.</param>
/// <param name="Y">Result, as large as the three broadcast together.</param>
/// <param name="Plan">How the three are read, in this order.</param>
public readonly record struct SelectArgs(View Condition, View A, View B, View Y, Broadcast Plan);

/// <summary>Chooses between two arrays element by element.</summary>
public static unsafe partial class Select
{
    /// <summary>y = condition ? a : b, for every element type; runs under the type of y.</summary>
    public static readonly Kernel<SelectArgs> Forward = new Kernel<SelectArgs>("where")
        .OnCpu(DType.Float32, Run<int>).OnCpu(DType.Int32, Run<int>)
        .OnCpu(DType.Float64, Run<long>).OnCpu(DType.Int64, Run<long>)
        .OnCpu(DType.Float16, Run<short>).OnCpu(DType.BFloat16, Run<short>)
        .OnCpu(DType.UInt8, Run<byte>).OnCpu(DType.Bool, Run<byte>)
        .OnGpu(DType.Float32, RunGpu<int>).OnGpu(DType.Int32, RunGpu<int>)
        .OnGpu(DType.Float64, RunGpu<long>).OnGpu(DType.Int64, RunGpu<long>)
        .OnGpu(DType.Float16, RunGpu<short>).OnGpu(DType.BFloat16, RunGpu<short>)
        .OnGpu(DType.UInt8, RunGpu<byte>).OnGpu(DType.Bool, RunGpu<byte>);

    private static void Run<T>(CpuDevice device, SelectArgs args) where T : unmanaged
    {
        var steps = args.Plan.RowSteps;
        device.ForRows(args.Plan, (c, a, b, y, count) =>
        {
            var condition = args.Condition.As<byte>() + c;
            T* left = args.A.As<T>() + a, right = args.B.As<T>() + b, result = args.Y.As<T>() + y;
            for (long i = 0; i < count; i++)
                result[i] = condition[i * steps.A] != 0
                    ? args.A.Exists ? left[i * steps.B] : default
                    : args.B.Exists ? right[i * steps.C] : default;
        });
    }
}
