namespace Diffract.Engine.Cuda;

/// <summary>Copies between the host and a device through page-locked memory, which the device reads and writes while
/// the host goes on: a copy to the device returns as soon as its source may be changed.</summary>
/// <param name="driver">The driver.</param>
/// <param name="stream">What the copies are queued on.</param>
internal sealed unsafe class CudaStaging(CudaDriver driver, nint stream)
{
    private const int SlotBytes = 4 << 20;

    private readonly Slot[] slots = [new(), new()];
    private int next;

    private sealed class Slot
    {
        public nint Address { get; set; }

        public nint Event { get; set; }

        public bool IsBusy { get; set; }
    }

    /// <summary>Queues a copy to the device.</summary>
    public void Upload(nint address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            var slot = Take();
            var length = Math.Min(SlotBytes, source.Length);
            source[..length].CopyTo(new Span<byte>((void*)slot.Address, length));
            driver.CopyToDevice(address, slot.Address, length, stream);
            Queue(slot);
            source = source[length..];
            address += length;
        }
    }

    /// <summary>Waits for everything queued and copies from the device. The next piece is on its way while the last is
    /// copied out of the page-locked memory.</summary>
    public void Download(nint address, Span<byte> target)
    {
        Slot? before = null;
        var length = 0;
        for (var at = 0; at < target.Length; at += SlotBytes)
        {
            var slot = Take();
            var piece = Math.Min(SlotBytes, target.Length - at);
            driver.CopyToHost(slot.Address, address + at, piece, stream);
            Queue(slot);
            if (before is not null) Finish(before, target.Slice(at - SlotBytes, length));
            (before, length) = (slot, piece);
        }
        if (before is not null) Finish(before, target[^length..]);
    }

    /// <summary>Gives everything back; failures are of no more interest.</summary>
    public void Release()
    {
        foreach (var slot in slots)
        {
            if (slot.Event != 0) CudaException.Ignore(() => driver.DestroyEvent(slot.Event));
            if (slot.Address != 0) CudaException.Ignore(() => driver.FreeHost(slot.Address));
            (slot.Event, slot.Address, slot.IsBusy) = (0, 0, false);
        }
    }

    // The slot whose last copy was queued the longest ago.
    private Slot Take()
    {
        var slot = slots[next];
        next = 1 - next;
        if (slot.Address == 0) slot.Address = driver.AllocateHost(SlotBytes);
        if (slot.Event == 0) slot.Event = driver.CreateEvent(timed: false);
        Wait(slot);
        return slot;
    }

    private void Queue(Slot slot)
    {
        try
        {
            driver.RecordEvent(slot.Event, stream);
            slot.IsBusy = true;
        }
        catch (CudaException)
        {
            // Nothing tells when the copy will have ended, unless everything has.
            driver.WaitForStream(stream);
            throw;
        }
    }

    private void Wait(Slot slot)
    {
        if (slot.IsBusy) driver.WaitForEvent(slot.Event);
        slot.IsBusy = false;
    }

    private void Finish(Slot slot, Span<byte> target)
    {
        Wait(slot);
        new ReadOnlySpan<byte>((void*)slot.Address, target.Length).CopyTo(target);
    }
}
