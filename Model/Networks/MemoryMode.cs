namespace Diffract.Model;

/// <summary>What a frozen network's weights may take of the memory on the CPU.</summary>
public enum MemoryMode
{
    /// <summary>Little more than the weights themselves, and nearly the speed of <see cref="Fast"/>: convolutions
    /// transform large weights on the way.</summary>
    Balanced,

    /// <summary>Packed weights are kept wherever that is faster: about one and a half times the weights.</summary>
    Fast,

    /// <summary>Half of the weights: those of convolutions and linear layers are kept as float16 and widened for every
    /// call. Rounding them changes the results by about one part in a thousand.</summary>
    Lean,
}
