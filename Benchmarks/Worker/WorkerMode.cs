using Diffract.Kernels;
using Diffract.Model;
using Module = Diffract.Model.Module;

namespace Diffract.Benchmarks.Worker;

/// <summary>What the worker's convolutions and weights may spend: <c>fast</c>, <c>balanced</c>, <c>lean</c>, or
/// <c>direct</c> for balanced without Winograd's algorithms.</summary>
/// <param name="Memory">What weights may take.</param>
/// <param name="Method">What convolutions may do.</param>
internal readonly record struct WorkerMode(MemoryMode Memory, ConvMethod Method)
{
    /// <summary>The fastest.</summary>
    public static WorkerMode Fast => new(MemoryMode.Fast, ConvMethod.Fast);

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
}
