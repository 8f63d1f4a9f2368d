using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A kernel's body on the CPU.</summary>
/// <param name="device">Gives the threads.</param>
/// <param name="args">Views and geometry.</param>
public delegate void CpuBody<TArgs>(CpuDevice device, TArgs args) where TArgs : struct;

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

    /// <summary>Runs the body for a device and an element type.</summary>
    /// <exception cref="DTypeException">The kernel has no body for the type on this device.</exception>
    public void Run(Device device, DType dtype, in TArgs args)
    {
        if (device is CpuDevice processor)
        {
            if (cpu.TryGetValue(dtype, out var body)) body(processor, args);
            else throw new DTypeException($"{Name} does not take {dtype} on {device}; it takes "
                + string.Join(", ", cpu.Keys.Order()));
        }
        else throw new DeviceException($"{Name} has no body for {device}");
    }
}
