namespace Diffract.Engine;

/// <summary>Kernels that were recorded once and can be queued again all at once, for much less than each alone costs.
/// They read and write the same memory every time: put new input where the recorded run found it, and read the result
/// where it wrote it. Memory that the run made for itself belongs to the recording until it is disposed.</summary>
public abstract class Recording : IDisposable
{
    private protected Recording() { }

    /// <summary>Queues what was recorded.</summary>
    public abstract void Replay();

    /// <summary>Gives the recording's memory back, as soon as the tensors made by the recorded run are gone too.
    /// </summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the recording holds.</summary>
    protected abstract void Dispose(bool disposing);
}
