using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>In which numbers a frozen network calculates. Norms, softmax and statistics are in float32 with each.
/// </summary>
public enum NetworkPrecision
{
    /// <summary>Float16 on an NVIDIA GPU whose tensor cores take it, float32 everywhere else.</summary>
    Auto,

    /// <summary>Float32 throughout.</summary>
    Float32,

    /// <summary>Float32 whose products are made of three TF32 products, on a GPU: nearly as exact.</summary>
    Tf32x3,

    /// <summary>Float32 whose products are rounded to TF32, on a GPU: an error of a thousandth.</summary>
    Tf32,

    /// <summary>Products and activations in float16: an error of a thousandth.</summary>
    Float16,

    /// <summary>Products and activations in bfloat16: an error of a hundredth, for numbers beyond float16's range.
    /// </summary>
    BFloat16,
}

/// <summary>What precisions mean on a device.</summary>
public static class NetworkPrecisions
{
    extension(NetworkPrecision precision)
    {
        /// <summary>The 16-bit type of products and activations; null for float32.</summary>
        /// <param name="device">Where the network is.</param>
        public DType? HalfOn(Device device) => precision switch
        {
            NetworkPrecision.Float16 => DType.Float16,
            NetworkPrecision.BFloat16 => DType.BFloat16,
            NetworkPrecision.Auto when device is CudaDevice { MultipliesHalf: true } => DType.Float16,
            _ => null,
        };

        /// <summary>Tells a GPU how to multiply float32 numbers, where the precision says so: from then on everything
        /// on the device is multiplied like that.</summary>
        /// <exception cref="DeviceException">TF32 was asked for, and the device has none.</exception>
        public void ApplyTo(Device device)
        {
            MatMulPrecision? products = precision switch
            {
                NetworkPrecision.Float32 => MatMulPrecision.Exact,
                NetworkPrecision.Tf32x3 => MatMulPrecision.Tf32x3,
                NetworkPrecision.Tf32 => MatMulPrecision.Tf32,
                _ => null,
            };
            if (products is MatMulPrecision.Tf32 or MatMulPrecision.Tf32x3
                && device is not GpuDevice { MultipliesHalf: true })
                throw new DeviceException($"{device} has no TF32: it needs a GPU of compute capability 8.0 or later; "
                    + "use --precision float32");
            if (products is { } way && device is GpuDevice gpu) gpu.MatMulPrecision = way;
        }
    }
}
