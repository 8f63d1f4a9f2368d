namespace Diffract.Tasks;

/// <summary>What a linear probe reads.</summary>
/// <param name="Timestep">0-based.</param>
/// <param name="Block">1-based.</param>
/// <param name="Pool">Height and width the map is averaged to.</param>
public readonly record struct ProbeCell(int Timestep, int Block, int Pool)
{
    /// <summary>"t 50, block 7, 4x4".</summary>
    public override string ToString() => $"t {Timestep}, block {Block}, {Pool}x{Pool}";
}
