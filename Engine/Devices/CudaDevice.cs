using System.Collections.Concurrent;
using Diffract.Engine.Cuda;

namespace Diffract.Engine;

/// <summary>An NVIDIA GPU. Kernels are queued on one stream, in order; memory comes from a pool and may be used again
/// as soon as it is given back, because whoever uses it next is queued behind.
/// <code>
/// using var gpu = CudaDevice.Open();
/// var y = x.To(gpu).Silu().To(Device.Cpu);
/// </code></summary>
public sealed unsafe class CudaDevice : GpuDevice, IGpuClock, IDisposable
{
    private readonly CudaDriver driver;
    private readonly KernelCache? cache;
    private readonly CudaModules modules;
    private readonly CudaStaging staging;
    private readonly MemoryPool pool;
    private readonly CudaMemory source;
    private readonly int handle;
    private readonly nint context, stream;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<nint, MemoryPool> recorded = new();
    private readonly List<MemoryPool> recordings = [];
    private volatile MemoryPool? recording;
    private int recordingThread;
    private string lastKernel = "";
    private DeviceException? lost;
    private bool disposed;

    /// <summary>Opens a GPU by the machine's driver, or by functions in its place.</summary>
    internal CudaDevice(CudaDriver driver, int ordinal, CudaOptions options) : base($"cuda:{ordinal}")
    {
        this.driver = driver;
        var count = driver.DeviceCount();
        if (ordinal < 0 || ordinal >= count)
            throw new DeviceException(count == 0
                ? "there is no NVIDIA GPU that this process may use (CUDA_VISIBLE_DEVICES may hide it); use --device "
                    + "cpu"
                : $"there is no {Name}: this process may use cuda:0{(count > 1 ? $" to cuda:{count - 1}" : "")}");
        handle = driver.Device(ordinal);
        Model = driver.DeviceName(handle);
        Architecture = 10 * driver.Attribute(CudaAttribute.Major, handle)
            + driver.Attribute(CudaAttribute.Minor, handle);
        if (Architecture < OldestArchitecture)
            throw new DeviceException($"{Name} ({Model}) has compute capability {Architecture / 10}."
                + $"{Architecture % 10}; at least 7.5 (Turing) is needed. Use --device cpu.");
        Multiprocessors = driver.Attribute(CudaAttribute.Multiprocessors, handle);
        LargestShared = driver.Attribute(CudaAttribute.LargestShared, handle);
        context = driver.RetainContext(handle);
        try
        {
            driver.SetContext(context);
            stream = driver.CreateStream();
            TotalMemory = driver.MemoryInfo().Total;
        }
        catch
        {
            if (stream != 0) CudaException.Ignore(() => driver.DestroyStream(stream));
            CudaException.Ignore(() => driver.ReleaseContext(handle));
            throw;
        }
        source = new CudaMemory(Name, driver, context, stream);
        pool = new MemoryPool(source);
        staging = new CudaStaging(driver, stream);
        cache = options.CacheFolder is { } folder ? new KernelCache(folder) : null;
        modules = new CudaModules(driver, Architecture, cache);
        if (options.Tuning)
            Tuner = new GpuTuner(this, options.CacheFolder is { } kept
                ? new TuningFile(kept, $"{Model}, {Multiprocessors} multiprocessors", DriverVersion) : null);
        Waits = options.Blocking;
    }

    /// <summary>Oldest architecture whose kernels are made.</summary>
    internal const int OldestArchitecture = 75;

    /// <summary>The GPU's name: NVIDIA H200.</summary>
    public string Model { get; }

    /// <inheritdoc/>
    public override int Architecture { get; }

    /// <summary>Its multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Most shared memory of a block, bytes.</summary>
    public int LargestShared { get; }

    /// <summary>Its memory, bytes.</summary>
    public long TotalMemory { get; }

    /// <summary>CUDA version of the driver: 12.4.</summary>
    public string DriverVersion => CudaDriver.Name(driver.Version);

    /// <inheritdoc/>
    public override MemoryStatistics Memory
    {
        get
        {
            lock (gate)
            {
                var sum = pool.Statistics;
                foreach (var other in recordings)
                {
                    // What a recording has is in use as a whole.
                    var m = other.Statistics;
                    var bytes = m.LiveBytes + m.CachedBytes;
                    sum = sum with
                    {
                        LiveBytes = sum.LiveBytes + bytes,
                        PeakBytes = sum.PeakBytes + bytes,
                        LiveBlocks = sum.LiveBlocks + m.LiveBlocks,
                    };
                }
                return sum;
            }
        }
    }

    /// <summary>What <see cref="CudaOptions.Tuning"/> has chosen so far or found again: by problem, the tile and the
    /// build of the kernels.</summary>
    public IReadOnlyDictionary<string, string> Tuned => Tuner?.Choices ?? new Dictionary<string, string>();

    bool IGpuClock.IsRunning => recording is null;

    private bool Waits { get; }

    /// <summary>Opens a GPU.</summary>
    /// <param name="ordinal">Which, from 0, of those that the process may use.</param>
    /// <param name="options">How; the defaults when left out.</param>
    /// <exception cref="DeviceException">There is no driver, it is too old, or there is no such GPU; the message says
    /// what to do.</exception>
    public static CudaDevice Open(int ordinal = 0, CudaOptions? options = null) => new Gpus(options).Open(ordinal);

    /// <inheritdoc/>
    public override void ResetPeak() => pool.ResetPeak();

    /// <inheritdoc/>
    public override Storage Allocate(long bytes) => Allocate(bytes, false);

    /// <inheritdoc/>
    public override void Trim() => Do(() => pool.Trim());

    /// <inheritdoc/>
    public override void Synchronize() => Do(() => driver.WaitForStream(stream), "a wait");

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The body copies from the host or waits for the device.</exception>
    public override Recording? Record(Action body)
    {
        lock (gate)
        {
            if (recording is not null) throw new InvalidOperationException("a recording is being made already");
            var memory = new MemoryPool(source);
            nint graph = 0, executable = 0;
            Do(() => driver.BeginCapture(stream));
            (recording, recordingThread) = (memory, Environment.CurrentManagedThreadId);
            source.IsRecording = true;
            recordings.Add(memory);
            try
            {
                body();
                recording = null;
                Do(() => graph = driver.EndCapture(stream));
                Do(() => executable = driver.Instantiate(graph));
                return new CudaGraph(this, executable, memory);
            }
            catch
            {
                if (recording is not null) CudaException.Ignore(() => graph = driver.EndCapture(stream));
                recording = null;
                Release(memory);
                throw;
            }
            finally
            {
                source.IsRecording = false;
                if (graph != 0) CudaException.Ignore(() => driver.DestroyGraph(graph));
            }
        }
    }

    /// <summary>Milliseconds that the device spends on what <paramref name="body"/> queues.</summary>
    public double Time(Action body)
    {
        var (from, to, milliseconds) = ((nint)0, (nint)0, 0f);
        try
        {
            Do(() => from = driver.CreateEvent(timed: true));
            Do(() => to = driver.CreateEvent(timed: true));
            Do(() => driver.RecordEvent(from, stream));
            body();
            Do(() => driver.RecordEvent(to, stream));
            Do(() => driver.WaitForEvent(to));
            Do(() => milliseconds = driver.Elapsed(from, to));
            return milliseconds;
        }
        finally
        {
            foreach (var made in new[] { from, to })
                if (made != 0) CudaException.Ignore(() => driver.DestroyEvent(made));
        }
    }

    /// <summary>Waits for what is queued and gives the GPU back. Tensors on it must be gone by then.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            CudaException.Ignore(() => driver.SetContext(context));
            CudaException.Ignore(() => driver.WaitForStream(stream));
            staging.Release();
            modules.Unload();
            pool.Trim();
            foreach (var memory in recordings) memory.Trim();
            CudaException.Ignore(() => driver.DestroyStream(stream));
            CudaException.Ignore(() => driver.ReleaseContext(handle));
            disposed = true;
        }
    }

    internal override Storage AllocateLasting(long bytes) => Allocate(bytes, true);

    internal override void Upload(nint address, ReadOnlySpan<byte> source)
    {
        lock (gate)
        {
            Enter("a copy from the host");
            try
            {
                staging.Upload(address, source);
            }
            catch (CudaException e)
            {
                throw Failed(e);
            }
        }
    }

    internal override void Download(nint address, Span<byte> target)
    {
        lock (gate)
        {
            Enter("a copy to the host");
            try
            {
                staging.Download(address, target);
            }
            catch (CudaException e)
            {
                throw Failed(e);
            }
        }
    }

    internal override void Copy(nint source, nint target, long bytes) =>
        Do(() => driver.CopyOnDevice(target, source, bytes, stream));

    internal override void Free(nint address, long capacity)
    {
        if (recorded.TryRemove(address, out var memory)) memory.Return(address, capacity);
        else pool.Return(address, capacity);
    }

    internal override void CountForgotten() => pool.CountForgotten();

    internal override void Launch(
        IGpuKernel kernel, GpuSize size, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> places)
    {
        Cancellation.Current.ThrowIfCancellationRequested();
        var program = kernel.For(Architecture, cache);
        var parameters = stackalloc void*[places.Length];
        fixed (byte* data = arguments)
        {
            for (var i = 0; i < places.Length; i++) parameters[i] = data + places[i];
            lock (gate)
            {
                Enter();
                try
                {
                    var function = modules.Function(program, size.DynamicShared);
                    lastKernel = program.Entry;
                    driver.Launch(function, size, stream, parameters);
                    if (Waits && recording is null) driver.WaitForStream(stream);
                }
                catch (CudaException e)
                {
                    throw Failed(e);
                }
            }
        }
    }

    internal override byte[] Encode(TensorMap map)
    {
        if (Architecture < 90) throw new DeviceException($"{Name} ({Model}) has no tensor maps: they need 9.0");
        byte[] encoded = [];
        Do(() => encoded = driver.Encode(map));
        return encoded;
    }

    internal void Replay(nint executable) => Do(() => driver.LaunchGraph(executable, stream));

    internal void Forget(nint executable, MemoryPool memory)
    {
        lock (gate)
        {
            if (disposed) return;
            CudaException.Ignore(() => driver.SetContext(context));
            // What is still queued must not lose its memory.
            CudaException.Ignore(() => driver.WaitForStream(stream));
            CudaException.Ignore(() => driver.DestroyExecutable(executable));
            Release(memory);
        }
    }

    // Tensors of a recording that somebody still has go back to its pool, which is emptied with the device.
    private void Release(MemoryPool memory)
    {
        memory.Trim();
        if (memory.Statistics.LiveBlocks == 0) recordings.Remove(memory);
    }

    private Storage Allocate(long bytes, bool lasting)
    {
        // Without the lock: a pool that is full waits for finalisers, which give memory back.
        var here = recordingThread == Environment.CurrentManagedThreadId ? recording : null;
        try
        {
            Enter();
            var (address, capacity) = (here ?? pool).Rent(bytes, lasting && here is null);
            if (here is not null) recorded[address] = here;
            return new Storage(this, address, bytes, capacity);
        }
        catch (CudaException e)
        {
            throw Failed(e);
        }
    }

    private void Do(Action call, string what = "")
    {
        lock (gate)
        {
            Enter(what);
            try
            {
                call();
            }
            catch (CudaException e)
            {
                throw Failed(e);
            }
        }
    }

    // Before every call of the driver: the context belongs to the thread. What is named cannot be recorded.
    private void Enter(string what = "")
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (lost is not null) throw new DeviceException(lost.Message, lost);
        if (recording is not null && what.Length > 0)
            throw new InvalidOperationException($"{what} cannot be part of a recording");
        driver.SetContext(context);
    }

    private DeviceException Failed(CudaException e)
    {
        if (!e.IsFatal) return new DeviceException($"{Name}: {e.Message}", e);
        // The error may be an earlier kernel's: what runs on the device says so only when somebody waits.
        return lost = new DeviceException($"{Name} is lost to this process: {e.Message}. The last kernel that was "
            + $"queued is {lastKernel}; start again, with CudaOptions.Blocking to find the one that fails.", e);
    }
}
