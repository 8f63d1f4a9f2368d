namespace Diffract.Engine.Cuda;

/// <summary>A CUDA graph with the memory of what was recorded.</summary>
/// <param name="device">The device.</param>
/// <param name="executable">The driver's handle.</param>
/// <param name="memory">What the recorded run took from.</param>
internal sealed class CudaGraph(CudaDevice device, nint executable, MemoryPool memory) : Recording
{
    private nint executable = executable;

    /// <inheritdoc/>
    public override void Replay()
    {
        ObjectDisposedException.ThrowIf(executable == 0, this);
        device.Replay(executable);
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref executable, 0) is not 0 and var handle) device.Forget(handle, memory);
    }
}
