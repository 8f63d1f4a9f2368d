using System.Runtime.ExceptionServices;

namespace Diffract.Engine;

/// <summary>A few threads that take numbered tasks. The caller always works too, so that a call inside a task, or calls
/// from many threads at once, can never wait for one another in a circle.</summary>
internal sealed class Workers : IDisposable
{
    // About 20 microseconds: longer than the gap between two kernels of a small network, too short to matter elsewhere.
    private const int SpinsBeforeSleep = 2000;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim posted = new(0);
    private readonly List<Job> jobs = [];
    private readonly int helpers;
    private volatile bool stopping;

    public Workers(int helpers)
    {
        this.helpers = helpers;
        for (var i = 0; i < helpers; i++)
            new Thread(Work) { IsBackground = true, Name = $"diffract cpu {i + 1}" }.Start();
    }

    /// <returns>The most bytes that a task took from a pool, for each thread that may have held as many at once; 0 when
    /// the caller did all of them.</returns>
    public long For(int count, Action<int> body)
    {
        if (count <= 0) return 0;
        var token = Cancellation.Current;
        token.ThrowIfCancellationRequested();
        if (count == 1 || helpers == 0)
        {
            for (var i = 0; i < count; i++)
            {
                token.ThrowIfCancellationRequested();
                body(i);
            }
            return 0;
        }
        var job = new Job(count, body, token);
        lock (gate) jobs.Add(job);
        posted.Release(Math.Min(helpers, count - 1));
        job.Drain();
        lock (gate) jobs.Remove(job);
        return job.Wait();
    }

    private void Work()
    {
        while (true)
        {
            var spinner = new SpinWait();
            for (var i = 0; i < SpinsBeforeSleep && posted.CurrentCount == 0; i++) spinner.SpinOnce(-1);
            posted.Wait();
            if (stopping) return;
            Next()?.Drain();
        }
    }

    /// <summary>Ends the threads; tasks that are under way are finished first by whoever waits for them.</summary>
    public void Dispose()
    {
        stopping = true;
        posted.Release(helpers + 1);
    }

    private Job? Next()
    {
        lock (gate)
        {
            foreach (var job in jobs) if (job.HasWork) return job;
            return null;
        }
    }

    private sealed class Job(int count, Action<int> body, CancellationToken token)
    {
        private readonly object finished = new();
        private int next;
        private int done;
        private long mostBytes;
        private ExceptionDispatchInfo? error;

        public bool HasWork => Volatile.Read(ref next) < count;

        public void Drain()
        {
            int i;
            while ((i = Interlocked.Increment(ref next) - 1) < count)
            {
                var outer = TaskMemory.Enter();
                try
                {
                    if (error is null)
                    {
                        token.ThrowIfCancellationRequested();
                        body(i);
                    }
                }
                catch (Exception e)
                {
                    error ??= ExceptionDispatchInfo.Capture(e);
                }
                finally
                {
                    Raise(TaskMemory.Leave(outer));
                }
                if (Interlocked.Increment(ref done) == count) lock (finished) Monitor.PulseAll(finished);
            }
        }

        public long Wait()
        {
            var spinner = new SpinWait();
            for (var i = 0; i < SpinsBeforeSleep && Volatile.Read(ref done) < count; i++) spinner.SpinOnce(-1);
            lock (finished) while (Volatile.Read(ref done) < count) Monitor.Wait(finished);
            error?.Throw();
            return mostBytes;
        }

        private void Raise(long bytes)
        {
            long seen;
            while ((seen = Volatile.Read(ref mostBytes)) < bytes)
                if (Interlocked.CompareExchange(ref mostBytes, bytes, seen) == seen) return;
        }
    }
}
