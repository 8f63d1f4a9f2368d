namespace Diffract.Engine.Cuda;

/// <summary>A GPU's memory as the driver gives it.</summary>
/// <param name="name">The device's name in messages.</param>
/// <param name="driver">The driver.</param>
/// <param name="context">The device's context.</param>
/// <param name="stream">What may still use memory that is given back.</param>
internal sealed class CudaMemory(string name, CudaDriver driver, nint context, nint stream) : IMemorySource
{
    public string Name => name;

    public int Alignment => 256;

    public bool CutsSmall => true;

    /// <summary>True while the stream records instead of running: nobody may wait for it then.</summary>
    public bool IsRecording { get; set; }

    public nint Allocate(long bytes)
    {
        driver.SetContext(context);
        return driver.Allocate(bytes);
    }

    public void Free(nint address)
    {
        CudaException.Ignore(() => driver.SetContext(context));
        // Kernels that use it may still be queued.
        if (!IsRecording)
            CudaException.Ignore(() => driver.WaitForStream(stream));
        CudaException.Ignore(() => driver.Free(address));
    }

    public string Describe()
    {
        try
        {
            var (free, total) = driver.MemoryInfo();
            return $"The GPU has {free >> 20:N0} of {total >> 20:N0} MiB left for all programs. ";
        }
        catch (CudaException)
        {
            return "";
        }
    }
}
