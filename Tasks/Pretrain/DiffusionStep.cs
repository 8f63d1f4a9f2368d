namespace Diffract.Tasks;

/// <summary>What one step of pretraining saw.</summary>
/// <param name="Loss">Mean weighted loss.</param>
/// <param name="Mse">Mean squared error of the prediction; null where the bound alone is minimised.</param>
/// <param name="GradNorm">Length of the gradient before clipping; not finite where the step was skipped.</param>
/// <param name="LearningRate">The rate of the step.</param>
/// <param name="Quartiles">Loss by timestep, from the least noise to the most.</param>
public readonly record struct DiffusionStep(
    double Loss, double? Mse, double GradNorm, double LearningRate, QuartileLosses Quartiles)
{
    /// <summary>True when the gradients had overflowed and the network stayed as it was.</summary>
    public bool IsSkipped => !double.IsFinite(GradNorm);
}
