using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Gives the noise of a sampling step.</summary>
/// <param name="step">Number of the step in the order in which they are made, from 0.</param>
/// <param name="like">The batch: shape, type and device of the noise.</param>
/// <returns>Standard normal numbers.</returns>
public delegate Tensor StepNoise(int step, Tensor like);
