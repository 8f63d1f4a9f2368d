using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Forwards of a frozen U-Net as recordings of their kernels, one for each shape of the input and choice of
/// taps: a network is hundreds of small kernels, which cost a GPU's host more to queue one by one than the GPU to run.
/// The first call of a kind runs as ever, the second is recorded, and from then on inputs are copied in, everything is
/// queued at once, and what was tapped is copied out. Recordings are dropped when a parameter changes.</summary>
/// <remarks>Safe for several threads, which take turns. Where a device records nothing, or gradients, dropout or a
/// search for anomalies need every call, the network runs as ever.</remarks>
/// <param name="network">The network.</param>
internal sealed class RecordedRuns(UNet network) : IDisposable
{
    /// <summary>Recordings that are kept; each has the memory of a forward.</summary>
    public const int Most = 4;

    private readonly Lock gate = new();
    private readonly List<RecordedRun> runs = [];    // used last at the end
    private readonly Parameter[] parameters = [.. network.State().Select(p => p.Parameter)];
    private readonly List<(Tensor Tensor, int Version)> known = [];

    /// <summary>Recordings there are now.</summary>
    public int Count
    {
        get
        {
            lock (gate) return runs.Count(run => run.IsRecorded);
        }
    }

    /// <inheritdoc cref="UNet.RunRecorded"/>
    public UNetOutput Run(Tensor x, Tensor timesteps, Tensor? labels, Taps taps)
    {
        if (!MayRecord(x)) return network.Run(x, timesteps, labels, taps);
        lock (gate)
        {
            if (HasChanged()) Drop();
            var run = Find(RunKind.Of(x, timesteps, labels, taps));
            if (run is null)
            {
                var output = network.Run(x, timesteps, labels, taps);
                Add(new RecordedRun(RunKind.Of(x, timesteps, labels, taps)));
                return output;
            }
            // A recording follows labels without a look at them.
            if (labels is not null && network.Config.NumClasses is { } classes)
                IndexRange.Check("Embedding", "index", labels, classes, "rows");
            if (!run.IsRecorded && !run.TryRecord(network, x, timesteps, labels, taps))
                return network.Run(x, timesteps, labels, taps);
            return run.Repeat(x, timesteps, labels);
        }
    }

    /// <summary>Gives all recordings and their memory back.</summary>
    public void Dispose()
    {
        lock (gate) Drop();
    }

    private bool MayRecord(Tensor x)
    {
        if (x.Device is CpuDevice || network.Training || Anomaly.IsOn || (GradMode.IsEnabled && x.RequiresGrad))
            return false;
        foreach (var parameter in parameters)
            if (!parameter.IsFilled || parameter.RequiresGrad || parameter.Device != x.Device) return false;
        return true;
    }

    // Other numbers, or the same in other memory: what was packed from them, and where they are, is in the recording.
    private bool HasChanged()
    {
        var changed = known.Count == 0;
        for (var i = 0; i < known.Count && !changed; i++)
            changed = !ReferenceEquals(known[i].Tensor, parameters[i].Value)
                || known[i].Version != parameters[i].Value.Storage.Version;
        if (!changed) return false;
        known.Clear();
        known.AddRange(parameters.Select(p => (p.Value, p.Value.Storage.Version)));
        return true;
    }

    private RecordedRun? Find(RunKind kind)
    {
        var at = runs.FindIndex(run => run.Kind == kind);
        if (at < 0) return null;
        var found = runs[at];
        runs.RemoveAt(at);
        runs.Add(found);
        return found;
    }

    private void Add(RecordedRun run)
    {
        runs.Add(run);
        if (runs.Count <= Most) return;
        runs[0].Dispose();
        runs.RemoveAt(0);
    }

    private void Drop()
    {
        foreach (var run in runs) run.Dispose();
        runs.Clear();
    }
}
