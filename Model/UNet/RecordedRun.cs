using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>What two forwards must have in common to be one recording: their inputs, their results, and which kernels
/// the device chooses.</summary>
internal sealed record RunKind(Device Device, bool UsesWarpgroups, MatMulPrecision? Precision, DType? Products,
    Shape Images, DType ImageType, DType TimestepType, bool HasLabels, string Taps)
{
    public static RunKind Of(Tensor x, Tensor timesteps, Tensor? labels, Taps taps)
    {
        var gpu = x.Device as GpuDevice;
        return new(x.Device, gpu?.UsesWarpgroups ?? false, gpu?.MatMulPrecision, Autocast.Current, x.Shape, x.DType,
            timesteps.DType, labels is not null, taps.ToString());
    }
}

/// <summary>One forward as a recording, with the tensors it reads and writes.</summary>
/// <param name="kind">Which.</param>
internal sealed class RecordedRun(RunKind kind) : IDisposable
{
    private Tensor? x, timesteps, labels;
    private UNetOutput? output;
    private Recording? recording;
    private bool hasOutput, isHopeless;
    private long products;

    /// <summary>Which forward it is.</summary>
    public RunKind Kind => kind;

    /// <summary>True once it can be repeated.</summary>
    public bool IsRecorded => recording is not null;

    /// <summary>Records a forward that has run before.</summary>
    /// <returns>False where the device records nothing, or lacks the memory for it: it is not tried again.</returns>
    public bool TryRecord(UNet network, Tensor images, Tensor times, Tensor? classes, Taps taps)
    {
        if (isHopeless) return false;
        try
        {
            // What the run before has left in the device's pool is of no use to a recording, whose memory is its own.
            kind.Device.Trim();
            (x, timesteps, labels) = (Like(images), Like(times), classes is null ? null : Like(classes));
            Fill(images, times, classes);
            // The check reads from the device, which a recording cannot: afterwards the labels' bounds are known.
            if (labels is not null && network.Config.NumClasses is { } count)
                IndexRange.Check("Embedding", "index", labels, count, "rows");
            using var counter = MultiplyAdds.Count(apart: true);
            recording = kind.Device.Record(() => Forward(network, taps));
            products = counter.Total;
        }
        catch (OutOfDeviceMemoryException)
        {
            // Without the recording there may still be room.
        }
        catch
        {
            Dispose();
            throw;
        }
        if (recording is not null) return true;
        Dispose();
        isHopeless = true;
        return false;
    }

    /// <summary>Runs it again.</summary>
    /// <returns>Copies, which belong to the caller's scope.</returns>
    public UNetOutput Repeat(Tensor images, Tensor times, Tensor? classes)
    {
        Fill(images, times, classes);
        recording!.Replay();
        MultiplyAdds.Add(products);
        var blocks = new SortedDictionary<int, Tensor>();
        foreach (var (block, map) in output!.Blocks) blocks.Add(block, CopyOf(map));
        return new UNetOutput(blocks, hasOutput ? CopyOf(output.Result) : null);
    }

    /// <summary>Gives recording and tensors back.</summary>
    public void Dispose()
    {
        output?.Dispose();
        recording?.Dispose();
        x?.Dispose();
        timesteps?.Dispose();
        labels?.Dispose();
        (output, recording, x, timesteps, labels) = (null, null, null, null, null);
    }

    private void Forward(UNet network, Taps taps)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        output = network.Run(x!, timesteps!, labels, taps);
        foreach (var map in output.Blocks.Values) Scope.Detach(map);
        hasOutput = taps.HasOutput;
        if (hasOutput) Scope.Detach(output.Result);
    }

    private void Fill(Tensor images, Tensor times, Tensor? classes)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        x!.CopyFrom(images.Contiguous());
        timesteps!.CopyFrom(times.Contiguous());
        if (classes is not null) labels!.CopyFrom(classes.Contiguous());
    }

    private static Tensor Like(Tensor tensor) =>
        Scope.Detach(Tensor.EmptyLasting(tensor.Shape, tensor.DType, tensor.Device));

    private static Tensor CopyOf(Tensor tensor)
    {
        var copy = Tensor.Empty(tensor.Shape, tensor.DType, tensor.Device);
        copy.CopyFrom(tensor);
        return copy;
    }
}
