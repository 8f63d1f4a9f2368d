using Diffract.Benchmarks.Worker;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Gpu;

/// <summary>Words of the command line.</summary>
internal static class GpuMode
{
    /// <summary>The device of a word.</summary>
    /// <param name="word">The word.</param>
    /// <param name="tunes">Whether a GPU finds out by trial how products run fastest.</param>
    /// <exception cref="DeviceException">There is none.</exception>
    public static Device Open(string word, bool tunes) => word switch
    {
        "cpu" => Device.Cpu,
        "sim" => new SimDevice(),
        "cuda" => Gpu(0, tunes),
        _ when word.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(word.AsSpan(5), out var n) =>
            Gpu(n, tunes),
        _ => throw new DeviceException($"there is no device '{word}': it is cuda, cuda:N, sim or cpu"),
    };

    private static CudaDevice Gpu(int ordinal, bool tunes) => CudaDevice.Open(ordinal, new() { Tuning = tunes });

    /// <summary>How a device calculates.</summary>
    /// <exception cref="DeviceException">There is no such precision.</exception>
    public static WorkerMode Of(Device device, string precision)
    {
        var (numbers, products) = precision switch
        {
            "float16" => (NetworkPrecision.Float16, MatMulPrecision.Tf32),
            "bfloat16" => (NetworkPrecision.BFloat16, MatMulPrecision.Tf32),
            "tf32" => (NetworkPrecision.Tf32, MatMulPrecision.Tf32),
            "tf32x3" => (NetworkPrecision.Tf32x3, MatMulPrecision.Tf32x3),
            "float32" => (NetworkPrecision.Float32, MatMulPrecision.Exact),
            _ => throw new DeviceException($"there is no precision '{precision}': it is float32, tf32x3, tf32, float16 "
                + "or bfloat16"),
        };
        if (device is GpuDevice gpu) gpu.MatMulPrecision = products;
        return WorkerMode.Fast with { Device = device, Precision = numbers };
    }
}
