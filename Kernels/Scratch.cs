using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Memory for the length of one kernel call, from the device's pool: uninitialised, 64-byte aligned.
/// <code>
/// using var scratch = new Scratch(device, rows * sizeof(float));
/// var sums = scratch.F32;
/// </code></summary>
public readonly unsafe struct Scratch : IDisposable
{
    private readonly Storage storage;

    /// <summary>Rents <paramref name="bytes"/> bytes until <see cref="Dispose"/>.</summary>
    public Scratch(Device device, long bytes)
    {
        storage = device.Allocate(bytes);
        storage.AddReference();
    }

    /// <summary>The memory as floats.</summary>
    public float* F32 => (float*)storage.Address;

    /// <summary>The memory as doubles.</summary>
    public double* F64 => (double*)storage.Address;

    /// <summary>The memory as elements of any type.</summary>
    public T* As<T>() where T : unmanaged => (T*)storage.Address;

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => storage.Release();
}
