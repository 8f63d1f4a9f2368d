using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;
using Diffract.Tasks;
using Module = Diffract.Model.Module;

namespace Diffract.Benchmarks.Worker;

/// <summary>Where and how the worker calculates. On the CPU: what convolutions and weights may spend, <c>fast</c>,
/// <c>balanced</c>, <c>lean</c>, or <c>direct</c> for balanced without Winograd's algorithms.</summary>
/// <param name="Memory">What weights may take.</param>
/// <param name="Method">What convolutions may do.</param>
internal readonly record struct WorkerMode(MemoryMode Memory, ConvMethod Method)
{
    private readonly Device? device;

    /// <summary>The fastest on the CPU.</summary>
    public static WorkerMode Fast => new(MemoryMode.Fast, ConvMethod.Fast);

    /// <summary>Where.</summary>
    public Device Device
    {
        get => device ?? Device.Cpu;
        init => device = value;
    }

    /// <summary>In which numbers networks calculate.</summary>
    public NetworkPrecision Precision { get; init; } = NetworkPrecision.Float32;

    /// <summary>The 16-bit type that products take; null for float32.</summary>
    public DType? Half => Precision.Half;

    /// <summary>True to record a forward once and repeat the recording.</summary>
    public bool Records { get; init; }

    /// <summary>How much results may differ from another program's.</summary>
    public double Tolerance => Half == DType.BFloat16 ? 2e-2 : Half is not null ? 4e-3
        : Memory == MemoryMode.Lean ? 1e-2 : 1e-4;

    /// <summary>The mode of a word; null when there is none.</summary>
    public static WorkerMode? Parse(string word) => word switch
    {
        "fast" => Fast,
        "balanced" => new(MemoryMode.Balanced, ConvMethod.Balanced),
        "lean" => new(MemoryMode.Lean, ConvMethod.Balanced),
        "direct" => new(MemoryMode.Balanced, ConvMethod.Direct),
        _ => null,
    };

    /// <summary>Tells a frozen network's layers.</summary>
    public void ApplyTo(Module network)
    {
        foreach (var (_, module) in network.NamedModules())
            if (module is Model.Conv2d conv) conv.Method = Method;
        network.UseMemory(Memory);
    }

    /// <summary>Products take 16-bit numbers until the result is disposed, where they are to.</summary>
    public Autocast.Section Section() => Autocast.Use(Half);

    /// <summary>Moves a tensor to the device; the given one is released when it is another.</summary>
    public Tensor Place(Tensor tensor)
    {
        if (tensor.Device == Device) return tensor;
        using (tensor) return tensor.To(Device);
    }
}
