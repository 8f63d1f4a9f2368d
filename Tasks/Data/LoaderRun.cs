using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Diffract.Tasks;

/// <summary>Steps of a <see cref="Loader"/>, one after the other: its threads, and the batches that are being made.
/// </summary>
/// <remarks>Threads take the next picture in order, whichever batch and epoch it belongs to, but not further ahead than
/// the prefetch allows. Pictures go straight to their place in the batch, so that nothing depends on which thread is
/// faster.</remarks>
internal sealed class LoaderRun : IDisposable
{
    private readonly object gate = new();
    private readonly Dictionary<long, PendingBatch> pending = [];
    private readonly Loader loader;
    private readonly long end;
    private readonly CancellationTokenRegistration cancelling;
    private readonly CancellationToken cancellation;
    private readonly Thread[] threads;
    private (int Epoch, int[] Indices) order = (-1, []);
    private long next;
    private int nextPosition;
    private long taken;
    private bool stopped;
    private Exception? fault;

    /// <param name="loader">Whose batches.</param>
    /// <param name="first">The step to start with: epoch * <see cref="Loader.BatchesPerEpoch"/> + batch.</param>
    /// <param name="end">One past the last step.</param>
    /// <param name="cancellation">Ends the wait for a batch.</param>
    public LoaderRun(Loader loader, long first, long end, CancellationToken cancellation)
    {
        (this.loader, this.end, this.cancellation) = (loader, end, cancellation);
        taken = next = first;
        cancelling = cancellation.Register(Stop);
        // No more than there are pictures in the batches that are made at once.
        threads = new Thread[Math.Min(loader.Options.Workers,
            Math.Min(end - first, loader.Options.Prefetch) * loader.Options.BatchSize)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true, Name = $"loader {i}" };
            threads[i].Start();
        }
    }

    /// <summary>Waits for the next batch and hands it over; null when all its pictures are broken.</summary>
    /// <param name="waited">How long it was waited for.</param>
    public Batch? Take(out TimeSpan waited)
    {
        var start = Stopwatch.GetTimestamp();
        lock (gate)
        {
            PendingBatch? batch;
            while (!(pending.TryGetValue(taken, out batch) && batch.IsReady))
            {
                if (fault is not null) ExceptionDispatchInfo.Throw(fault);
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(gate);
            }
            pending.Remove(taken++);
            Monitor.PulseAll(gate);
            waited = Stopwatch.GetElapsedTime(start);
            return batch.Take();
        }
    }

    public void Dispose()
    {
        cancelling.Dispose();
        Stop();
        foreach (var thread in threads) thread.Join();
        foreach (var batch in pending.Values) batch.Dispose();
    }

    private void Stop()
    {
        lock (gate)
        {
            stopped = true;
            Monitor.PulseAll(gate);
        }
    }

    private void Work()
    {
        try
        {
            while (Next(out var batch) is { } position) Load(batch!, position);
        }
        catch (Exception e)
        {
            lock (gate) fault ??= e;
            Stop();
        }
    }

    /// <summary>The next position in a batch that is filled; null when nothing is left to do.</summary>
    private int? Next(out PendingBatch? batch)
    {
        batch = null;
        lock (gate)
        {
            while (!stopped && next < end && next >= taken + loader.Options.Prefetch) Monitor.Wait(gate);
            if (stopped || next == end) return null;
            if (!pending.TryGetValue(next, out batch)) pending.Add(next, batch = Begin(next));
            var position = nextPosition++;
            if (nextPosition == batch.Size) (next, nextPosition) = (next + 1, 0);
            return position;
        }
    }

    private PendingBatch Begin(long step)
    {
        var (epoch, number) = (checked((int)(step / loader.BatchesPerEpoch)), (int)(step % loader.BatchesPerEpoch));
        if (order.Epoch != epoch) order = (epoch, loader.Order(epoch));
        var first = number * loader.Options.BatchSize;
        var last = Math.Min(first + loader.Options.BatchSize, order.Indices.Length);
        return new PendingBatch(epoch, number, order.Indices[first..last], loader.Options.Size);
    }

    private void Load(PendingBatch batch, int position)
    {
        var index = batch.Index(position);
        try
        {
            loader.LoadSample(batch.Epoch, index, batch.Place(position));
            batch.SetLabel(position, loader.Dataset.Label(index));
        }
        catch (ImageException e)
        {
            batch.SetBroken(position, loader.Broken.Skip(loader.Dataset.Id(index), e) ? null : e);
        }
        if (!batch.Done()) return;
        batch.Finish();
        lock (gate) Monitor.PulseAll(gate);
    }
}
