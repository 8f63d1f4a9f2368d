using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What a random fill is run on.</summary>
/// <param name="State">Where in which stream the first element is.</param>
/// <param name="Y">Destination.</param>
/// <param name="A">Lower end of the range, or mean.</param>
/// <param name="B">Upper end of the range, or standard deviation.</param>
public readonly record struct RandomArgs(GeneratorState State, View Y, double A, double B);
