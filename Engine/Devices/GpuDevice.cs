using Diffract.Engine.Cuda;

namespace Diffract.Engine;

/// <summary>A device that runs PTX: an NVIDIA GPU, or its simulation. Kernels are queued in order; what is read on the
/// host is waited for.</summary>
public abstract class GpuDevice : Device
{
    private protected GpuDevice(string name) : base(name) { }

    /// <summary>Its architecture as ten times the compute capability: 80, 90.</summary>
    public abstract int Architecture { get; }

    /// <summary>How float32 matrices are multiplied, and images convolved; exact before compute capability 8.0.
    /// </summary>
    public MatMulPrecision MatMulPrecision { get; set; }

    /// <summary>True where tensor cores multiply 16-bit floats of both types: from compute capability 8.0 on. Products
    /// and convolutions then take them as they are.</summary>
    public bool MultipliesHalf => Architecture >= 80;

    /// <summary>True to multiply matrices and convolve images by warpgroups (<c>wgmma</c>) where the device can, which
    /// is at compute capability 9.0; false to use the same instructions as on other devices, for comparisons. The two
    /// differ in how sums are rounded.</summary>
    public bool UsesWarpgroups { get; set; } = true;

    /// <summary>Finds the fastest way to calculate something; null where the usual way is taken.</summary>
    internal GpuTuner? Tuner { get; set; }

    /// <summary>Queues a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="size">How many threads.</param>
    /// <param name="arguments">The parameters, each at its place.</param>
    /// <param name="places">First byte of every parameter.</param>
    internal abstract void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places);

    /// <summary>A tensor map as this device's copies take it: <see cref="TensorMap.Bytes"/> bytes, which a kernel gets
    /// as a parameter or finds in memory, at a multiple of <see cref="TensorMap.Alignment"/>.</summary>
    /// <exception cref="DiffractException">The device has no such copies.</exception>
    internal abstract byte[] Encode(TensorMap map);
}
