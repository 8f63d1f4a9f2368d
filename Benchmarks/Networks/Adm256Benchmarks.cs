using BenchmarkDotNet.Attributes;
using Diffract.Model;

namespace Diffract.Benchmarks.Networks;

/// <summary>How far a network is run.</summary>
/// <param name="Block">The last block; the whole network when 0.</param>
public sealed record NetworkWork(int Block) : IWork
{
    private static readonly UNetPlan plan = UNetPlan.For(UNetPresets.ImageNet256Unconditional);

    /// <inheritdoc/>
    public double Flops => 2.0 * (Block == 0 ? plan.Macs : plan.MacsUpTo(Block));

    /// <summary>What to keep.</summary>
    internal Taps Taps => Block == 0 ? Taps.Output : Taps.At(Block);

    /// <inheritdoc/>
    public override string ToString() => Block == 0 ? "whole network" : $"up to block {Block}";
}

/// <summary>The 553-million-parameter network on one 256 x 256 picture.</summary>
public class Adm256Benchmarks
{
    private readonly Adm256 network = new();

    /// <summary>All of it, and as far as the features that classify best.</summary>
    public static IEnumerable<NetworkWork> Sizes => [new(0), new(24)];

    /// <summary>How far.</summary>
    [ParamsSource(nameof(Sizes))]
    public NetworkWork Work { get; set; } = null!;

    [Benchmark]
    public void Forward() => network.Run(Work.Taps);

    [GlobalCleanup]
    public void CleanUp() => network.Dispose();
}
