namespace Diffract.Benchmarks;

/// <summary>A benchmark's parameter that knows how much arithmetic it stands for.</summary>
public interface IWork
{
    /// <summary>Floating-point operations of one call by definition, whatever algorithm is used.</summary>
    double Flops { get; }
}
