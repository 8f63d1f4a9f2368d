using System.Collections.Concurrent;
using System.Reflection;
using Diffract.Engine;
using Diffract.Engine.Cuda;

namespace Diffract.Kernels;

/// <summary>A kernel in C# for GPUs: a static method on <see cref="ILGPU.ArrayView{T}"/>s and numbers, whose threads
/// find their place by <see cref="ILGPU.Grid"/> and <see cref="ILGPU.Group"/>. It is compiled when a device first
/// launches it, once for an architecture.
/// <code>
/// private static readonly GpuKernel add = new((ArrayView&lt;float&gt; x, ArrayView&lt;float&gt; y) =&gt; …);
/// add.Launch(device, blocks, new GpuArguments().Put&lt;float&gt;(x).Put&lt;float&gt;(y));
/// </code></summary>
internal sealed class GpuKernel : IGpuKernel
{
    private readonly ConcurrentDictionary<int, GpuProgram> programs = new();

    /// <summary>A kernel.</summary>
    /// <param name="method">What every thread does.</param>
    /// <param name="threads">Threads of a block; the compiler may count on it.</param>
    public GpuKernel(Delegate method, int threads = 256)
    {
        (Method, Threads) = (method.Method, threads);
        if (!Method.IsStatic) throw new ArgumentException($"{Method.Name} is not static", nameof(method));
    }

    /// <summary>What every thread does.</summary>
    public MethodInfo Method { get; }

    /// <summary>Room and method: <c>GroupNorm.SampleFactors</c>.</summary>
    public string Name
    {
        get
        {
            var type = Method.DeclaringType!;
            return $"{(type.DeclaringType ?? type).Name.Split('`')[0]}.{Method.Name}";
        }
    }

    /// <inheritdoc/>
    public int Threads { get; }

    /// <summary>Bytes of shared memory beyond what the method declares.</summary>
    public int DynamicShared { get; init; }

    /// <inheritdoc/>
    public int SharedFor(int architecture) => DynamicShared;

    /// <inheritdoc/>
    public GpuProgram For(int architecture, KernelCache? cache = null) =>
        programs.GetOrAdd(architecture, a => GpuTexts.Of(this, a, cache));

    /// <summary>Queues <paramref name="blocks"/> blocks.</summary>
    public void Launch(GpuDevice device, long blocks, GpuArguments arguments) =>
        Launch(device, (checked((int)blocks), 1, 1), arguments);

    /// <summary>Queues a grid of blocks.</summary>
    public void Launch(GpuDevice device, (int X, int Y, int Z) grid, GpuArguments arguments)
    {
        if (grid.X == 0 || grid.Y == 0 || grid.Z == 0) return;
        device.Launch(this, new GpuSize(grid, (Threads, 1, 1), DynamicShared), arguments.Bytes,
            arguments.Places);
    }

    /// <summary>Queues as many threads as there are items, in whole blocks: a thread beyond them must find out.
    /// </summary>
    public void LaunchFor(GpuDevice device, long items, GpuArguments arguments) =>
        Launch(device, (items + Threads - 1) / Threads, arguments);
}
