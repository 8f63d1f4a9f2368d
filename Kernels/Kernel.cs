using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A kernel's body on the CPU.</summary>
/// <param name="device">Gives the threads.</param>
/// <param name="args">Views and geometry.</param>
public delegate void CpuBody<TArgs>(CpuDevice device, TArgs args) where TArgs : struct;

/// <summary>A kernel's body on a GPU: it queues launches.</summary>
/// <param name="device">Where.</param>
/// <param name="args">Views and geometry.</param>
public delegate void GpuBody<TArgs>(GpuDevice device, TArgs args) where TArgs : struct;

/// <summary>One arithmetic routine with a body for each device and element type that has it. A new device or type
/// is one more body in the room that owns the kernel, and nothing elsewhere.
/// <code>
/// public static readonly Kernel&lt;SoftmaxArgs&gt; Forward = new Kernel&lt;SoftmaxArgs&gt;("softmax.forward")
///     .OnCpu(DType.Float32, ForwardSimd)
///     .OnCpu(DType.Float64, ForwardReference);
/// </code></summary>
/// <typeparam name="TArgs">A plain struct of <see cref="View"/>s and numbers.</typeparam>
public sealed class Kernel<TArgs>(string name) where TArgs : struct
{
    private readonly Dictionary<DType, CpuBody<TArgs>> cpu = [];
    private readonly Dictionary<DType, GpuBody<TArgs>> gpu = [];

    /// <summary>Room and routine: <c>softmax.forward</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Element types that have a body on the CPU.</summary>
    public IReadOnlyCollection<DType> CpuTypes => cpu.Keys;

    /// <summary>Adds the CPU's body for one element type; called once, where the kernel is declared.</summary>
    public Kernel<TArgs> OnCpu(DType dtype, CpuBody<TArgs> body)
    {
        cpu.Add(dtype, body);
        return this;
    }

    /// <summary>Element types that have a body on GPUs.</summary>
    public IReadOnlyCollection<DType> GpuTypes => gpu.Keys;

    /// <summary>Adds the GPU's body for one element type; called once, where the kernel is declared.</summary>
    public Kernel<TArgs> OnGpu(DType dtype, GpuBody<TArgs> body)
    {
        gpu.Add(dtype, body);
        return this;
    }

    /// <summary>True when there is a body for a device and an element type.</summary>
    public bool Takes(Device device, DType dtype) =>
        device is GpuDevice ? gpu.ContainsKey(dtype) : cpu.ContainsKey(dtype);

    /// <summary>Runs the body for a device and an element type.</summary>
    /// <exception cref="DTypeException">The kernel has no body for the type on this device.</exception>
    public void Run(Device device, DType dtype, in TArgs args)
    {
        MultiplyAdds.Add(args);
        if (device is CpuDevice processor && cpu.TryGetValue(dtype, out var onCpu)) onCpu(processor, args);
        else if (device is GpuDevice accelerator && gpu.TryGetValue(dtype, out var onGpu)) onGpu(accelerator, args);
        else
        {
            var takes = device is GpuDevice ? gpu.Keys.Order().ToList() : cpu.Keys.Order().ToList();
            if (takes.Count == 0) throw new DeviceException($"{Name} has no body for {device}");
            throw new DTypeException($"{Name} does not take {dtype} on {device}; it takes {string.Join(", ", takes)}");
        }
    }
}
