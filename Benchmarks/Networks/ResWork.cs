using Diffract.Model;

namespace Diffract.Benchmarks.Networks;

/// <summary>A residual block's sizes.</summary>
public sealed record ResWork(int Channels, int Filters, int Size) : IWork
{
    /// <inheritdoc/>
    public double Flops => 2.0 * Plan.Macs;

    /// <summary>The block of a network whose time embedding has 1,024 numbers.</summary>
    internal ResPlan Plan => new(Channels, Filters, new MapSize(Size, Size), new MapSize(Size, Size), 1024, true, 0);

    /// <inheritdoc/>
    public override string ToString() => $"res {Channels}->{Filters} @{Size}";
}
