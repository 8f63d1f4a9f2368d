using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What precisions mean on a device.</summary>
public static class NetworkPrecisions
{
    extension(NetworkPrecision precision)
    {
        /// <summary>What it is for a frozen network on a device: never <see cref="NetworkPrecision.Auto"/>.</summary>
        /// <exception cref="DeviceException">TF32 was asked for, and the device has none.</exception>
        public NetworkPrecision ForInference(Device device) => precision.On(device, NetworkPrecision.Float16);

        /// <summary>What it is for a network under training, whose gradients need bfloat16's range more than float16's
        /// digits: never <see cref="NetworkPrecision.Auto"/>.</summary>
        /// <exception cref="DeviceException">TF32 was asked for, and the device has none.</exception>
        public NetworkPrecision ForTraining(Device device) => precision.On(device, NetworkPrecision.BFloat16);

        /// <summary>The 16-bit type of products and activations; null for float32.</summary>
        public DType? Half => precision switch
        {
            NetworkPrecision.Float16 => DType.Float16,
            NetworkPrecision.BFloat16 => DType.BFloat16,
            _ => null,
        };

        /// <summary>How a GPU multiplies what is float32; null where that does not matter.</summary>
        public MatMulPrecision? Products => precision switch
        {
            NetworkPrecision.Float32 => MatMulPrecision.Exact,
            NetworkPrecision.Tf32x3 => MatMulPrecision.Tf32x3,
            NetworkPrecision.Tf32 => MatMulPrecision.Tf32,
            _ => null,
        };

        /// <summary>Calculates so on a device until the result is disposed.</summary>
        public PrecisionSection Use(Device device) => new(precision, device);

        private NetworkPrecision On(Device device, NetworkPrecision half)
        {
            if (precision is NetworkPrecision.Tf32 or NetworkPrecision.Tf32x3
                && device is not GpuDevice { MultipliesHalf: true })
                throw new DeviceException($"{device} has no TF32, which --precision "
                    + $"{(precision == NetworkPrecision.Tf32 ? "tf32" : "tf32x3")} needs: it takes a GPU of compute "
                    + "capability 8.0 or later");
            return precision != NetworkPrecision.Auto ? precision
                : device is CudaDevice { MultipliesHalf: true } ? half
                : NetworkPrecision.Float32;
        }
    }
}
