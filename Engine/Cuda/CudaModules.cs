using System.Collections.Concurrent;

namespace Diffract.Engine.Cuda;

/// <summary>The kernels that a device has loaded. The context that was made for the device must be current.</summary>
/// <param name="driver">The driver.</param>
/// <param name="architecture">Ten times the device's compute capability.</param>
/// <param name="cache">Where assembled kernels are kept; null for nowhere.</param>
internal sealed class CudaModules(CudaDriver driver, int architecture, KernelCache? cache)
{
    private const int UsualShared = 48 * 1024;

    private readonly ConcurrentDictionary<GpuProgram, Lazy<Loaded>> loaded = new();

    private sealed class Loaded(nint module, nint function)
    {
        public nint Module => module;

        public nint Function => function;

        public int Shared { get; set; } = UsualShared;
    }

    /// <summary>The driver's handle of a kernel, loaded now when it is not.</summary>
    /// <param name="program">The kernel.</param>
    /// <param name="shared">Shared memory beyond what its text declares, bytes.</param>
    public nint Function(GpuProgram program, int shared)
    {
        var entry = loaded.GetOrAdd(program, p => new(() => Load(p)));
        Loaded kernel;
        try
        {
            kernel = entry.Value;
        }
        catch
        {
            // A failure is not remembered: memory may be there the next time.
            loaded.TryRemove(new(program, entry));
            throw;
        }
        lock (kernel)
        {
            if (shared > kernel.Shared)
            {
                driver.AllowShared(kernel.Function, shared);
                kernel.Shared = shared;
            }
        }
        return kernel.Function;
    }

    /// <summary>Unloads everything; failures are of no more interest.</summary>
    public void Unload()
    {
        foreach (var entry in loaded.Values)
            if (entry.IsValueCreated) CudaException.Ignore(() => driver.UnloadModule(entry.Value.Module));
        loaded.Clear();
    }

    private Loaded Load(GpuProgram program)
    {
        var origin = $"{architecture} {driver.Version}\n{program.Text}";
        try
        {
            if (cache?.Find(origin) is { } kept) return Start(driver.LoadModule(kept), program);
        }
        catch (CudaException e) when (!e.IsFatal && e.Code != CudaException.OutOfMemory)
        {
            // What another driver of the same version left: assembled again.
        }
        byte[] made;
        try
        {
            made = driver.Assemble(program.Text);
        }
        catch (CudaException e) when (!e.IsFatal)
        {
            throw new DeviceException($"kernel {program.Entry} cannot be assembled for this GPU: {e.Message}", e);
        }
        var kernel = Start(driver.LoadModule(made), program);
        cache?.Keep(origin, made);
        return kernel;
    }

    private Loaded Start(nint module, GpuProgram program)
    {
        try
        {
            return new Loaded(module, driver.Function(module, program.Entry));
        }
        catch
        {
            CudaException.Ignore(() => driver.UnloadModule(module));
            throw;
        }
    }
}
