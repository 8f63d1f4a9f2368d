using System.Runtime.ExceptionServices;

namespace Diffract.Tasks;

/// <summary>One pass of a <see cref="Loader"/>: its threads, and the batches that are being made.</summary>
/// <remarks>Threads take the next picture in order, whichever batch it belongs to, but not further ahead than the
/// prefetch allows. Pictures go straight to their place in the batch, so that nothing depends on which thread is
/// faster.</remarks>
internal sealed class LoaderRun : IDisposable
{
    private readonly object gate = new();
    private readonly Dictionary<int, PendingBatch> pending = [];
    private readonly Loader loader;
    private readonly int epoch;
    private readonly int[] order;
    private readonly CancellationTokenRegistration cancelling;
    private readonly CancellationToken cancellation;
    private readonly Thread[] threads;
    private int next;
    private int taken;
    private bool stopped;
    private Exception? fault;

    public LoaderRun(Loader loader, int epoch, int firstBatch, CancellationToken cancellation)
    {
        (this.loader, this.epoch, this.cancellation) = (loader, epoch, cancellation);
        var (size, all) = (loader.Options.BatchSize, loader.Order(epoch));
        order = loader.Options.DropLast ? all[..(all.Length / size * size)] : all;
        (taken, next) = (firstBatch, (int)Math.Min(order.Length, (long)firstBatch * size));
        cancelling = cancellation.Register(Stop);
        threads = new Thread[Math.Min(loader.Options.Workers, order.Length - next)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true, Name = $"loader {i}" };
            threads[i].Start();
        }
    }

    /// <summary>Waits for a batch and hands it over; null when all its pictures are broken.</summary>
    public Batch? Take(int number)
    {
        lock (gate)
        {
            PendingBatch? batch;
            while (!(pending.TryGetValue(number, out batch) && batch.IsReady))
            {
                if (fault is not null) ExceptionDispatchInfo.Throw(fault);
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(gate);
            }
            pending.Remove(number);
            taken = number + 1;
            Monitor.PulseAll(gate);
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

    /// <summary>The next position in the order, and the batch it belongs to; null when nothing is left to do.</summary>
    private int? Next(out PendingBatch? batch)
    {
        var size = loader.Options.BatchSize;
        batch = null;
        lock (gate)
        {
            while (!stopped && next < order.Length && next / size >= taken + loader.Options.Prefetch)
                Monitor.Wait(gate);
            if (stopped || next == order.Length) return null;
            var number = next / size;
            if (!pending.TryGetValue(number, out batch))
            {
                var first = number * size;
                batch = new PendingBatch(epoch, number, order[first..Math.Min(first + size, order.Length)],
                    loader.Options.Size);
                pending.Add(number, batch);
            }
            return next++ % size;
        }
    }

    private void Load(PendingBatch batch, int position)
    {
        var index = batch.Index(position);
        try
        {
            loader.LoadSample(epoch, index, batch.Place(position));
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
