using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>A test of arithmetic that must pass with vectors of any width: <see cref="Kernels.WidthTests"/> runs it
/// again in processes that have no wide ones.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
internal sealed class AnyWidthAttribute : CategoryAttribute;
