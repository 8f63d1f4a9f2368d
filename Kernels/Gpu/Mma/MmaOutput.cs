using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How threads write the sums of a product.</summary>
/// <param name="Numbers">What is multiplied.</param>
/// <param name="Result">Type of the result: float32, or that of the operands.</param>
/// <param name="Run">Neighbouring columns of the result that one thread holds.</param>
/// <param name="IsWide">True when it can write them at once.</param>
internal readonly record struct MmaOutput(MmaNumbers Numbers, DType Result, int Run, bool IsWide);
