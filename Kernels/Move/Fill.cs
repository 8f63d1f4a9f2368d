using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What <see cref="Fill"/> is run on.</summary>
/// <param name="Y">Contiguous destination.</param>
/// <param name="Value">The number every element becomes; converted as by a cast.</param>
public readonly record struct FillArgs(View Y, double Value);

/// <summary>Sets every element to one number.</summary>
public static unsafe partial class Fill
{
    /// <summary>y = value, for every element type.</summary>
    public static readonly Kernel<FillArgs> Forward = new Kernel<FillArgs>("fill")
        .OnCpu(DType.Float32, Number<float>).OnCpu(DType.Float64, Number<double>)
        .OnCpu(DType.Float16, Number<Half>)
        .OnCpu(DType.BFloat16, (device, args) => Run(device, args, ((BFloat16)(float)args.Value).Bits))
        .OnCpu(DType.Int64, Number<long>).OnCpu(DType.Int32, Number<int>).OnCpu(DType.UInt8, Number<byte>)
        .OnCpu(DType.Bool, (device, args) => Run(device, args, args.Value != 0 ? (byte)1 : (byte)0))
        .OnGpu(DType.Float32, NumberGpu<float>).OnGpu(DType.Float64, NumberGpu<double>)
        .OnGpu(DType.Float16, (device, args) => RunGpu(device, args, BitConverter.HalfToInt16Bits((Half)args.Value)))
        .OnGpu(DType.BFloat16, (device, args) => RunGpu(device, args, (short)((BFloat16)(float)args.Value).Bits))
        .OnGpu(DType.Int64, NumberGpu<long>).OnGpu(DType.Int32, NumberGpu<int>).OnGpu(DType.UInt8, NumberGpu<byte>)
        .OnGpu(DType.Bool, (device, args) => RunGpu(device, args, args.Value != 0 ? (byte)1 : (byte)0));

    private static void Number<T>(CpuDevice device, FillArgs args) where T : unmanaged, INumber<T> =>
        Run(device, args, T.CreateSaturating(args.Value));

    private static void Run<T>(CpuDevice device, FillArgs args, T value) where T : unmanaged =>
        device.ForChunks(args.Y.Count, (first, last) =>
            new Span<T>(args.Y.As<T>() + first, (int)(last - first)).Fill(value));
}
