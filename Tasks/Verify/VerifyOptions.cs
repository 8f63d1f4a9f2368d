using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How to run a golden folder.</summary>
/// <param name="Folder">The folder with <c>manifest.json</c>.</param>
/// <param name="Device">Where the operations run.</param>
/// <param name="DType">The type to calculate in, Float32 or Float64; null for each fixture's own: Float64 where all its
/// numbers are, else Float32.</param>
/// <param name="Filters">Patterns for names of fixtures, of which one must match; empty for all.</param>
/// <param name="Memory">What networks' weights may take; <see cref="MemoryMode.Lean"/> rounds them, so that the
/// report shows what that costs, and has no gradients of weights.</param>
public sealed record VerifyOptions(string Folder, Device Device, DType? DType, IReadOnlyList<string> Filters,
    MemoryMode Memory = MemoryMode.Balanced);
