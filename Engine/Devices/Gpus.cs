using Diffract.Engine.Cuda;

namespace Diffract.Engine;

/// <summary>The GPUs that this process may use: how many there are, and how one is opened.</summary>
public sealed class Gpus
{
    private readonly Func<CudaDriver> load;
    private readonly CudaOptions options;

    /// <summary>The GPUs of this machine's driver.</summary>
    /// <param name="options">How they are used; the defaults when left out.</param>
    public Gpus(CudaOptions? options = null) : this(CudaDriver.Load, options) { }

    /// <summary>The GPUs of a driver that somebody else brings.</summary>
    internal Gpus(Func<CudaDriver> load, CudaOptions? options) =>
        (this.load, this.options) = (load, options ?? new CudaOptions());

    /// <summary>The same GPUs, used in another way.</summary>
    /// <param name="change">Makes the options that they are to be used with.</param>
    public Gpus With(Func<CudaOptions, CudaOptions> change) => new(load, change(options));

    /// <summary>How many there are; 0 for a driver without one.</summary>
    /// <exception cref="DeviceException">There is no driver, or it is too old; the message says what to do.</exception>
    public int Count()
    {
        try
        {
            return load().DeviceCount();
        }
        catch (CudaException e)
        {
            throw new DeviceException($"GPUs cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Opens one.</summary>
    /// <param name="ordinal">Which, from 0.</param>
    /// <inheritdoc cref="CudaDevice.Open" path="/exception"/>
    public CudaDevice Open(int ordinal = 0)
    {
        try
        {
            return new CudaDevice(load(), ordinal, options);
        }
        catch (CudaException e)
        {
            throw new DeviceException($"cuda:{ordinal} cannot be used: {e.Message}", e);
        }
    }
}
