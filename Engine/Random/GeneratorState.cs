namespace Diffract.Engine;

/// <summary>All there is to a generator: three numbers to put in a checkpoint.</summary>
/// <param name="Seed">What the program was given.</param>
/// <param name="Stream">Which of the seed's independent streams; 0 for a generator that was not split off.</param>
/// <param name="Offset">Position in the stream, in words of 32 bits.</param>
public readonly record struct GeneratorState(ulong Seed, ulong Stream, ulong Offset);
