using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class BatchNormOp(
    Tensor? runningMean, Tensor? runningVar, bool training, float momentum, float eps) : Op
{
    public override string Name => "batch_norm";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        BatchNorm.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        using var scope = Scope.Open();
        var (x, gamma, beta) = (inputs[0]!, Norms.Wide(inputs[1]), Norms.Wide(inputs[2]));
        Check(x, gamma, beta);
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        var statistics = Tensor.Empty([x.Shape[^1], 2], DType.Float64, x.Device);
        BatchNorm.Forward.Run(x.Device, x.DType, Args(x, gamma, beta, y.View, statistics));
        if (training)
        {
            runningMean?.Storage.MarkChanged();
            runningVar?.Storage.MarkChanged();
        }
        context.Save(x);
        context.Save(gamma);
        context.Save(beta);
        context.Save(statistics);
        return scope.Keep(y);
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (x, gamma, beta) = (context.Saved(0), context.SavedOrNull(1), context.SavedOrNull(2));
        var dx = Norms.GradientOf(context, 0, x);
        var dGamma = Norms.GradientOf(context, 1, gamma);
        var dBeta = Norms.GradientOf(context, 2, beta);
        BatchNorm.Backward.Run(x.Device, x.DType, new(Args(x, gamma, beta, default, context.Saved(3)), dy.View,
            Norms.ViewOf(dx), Norms.ViewOf(dGamma), Norms.ViewOf(dBeta)));
        Norms.Set(context, dx, dGamma, dBeta);
    }

    private BatchNormArgs Args(Tensor x, Tensor? gamma, Tensor? beta, View y, Tensor statistics) => new(x.View,
        Norms.ViewOf(gamma), Norms.ViewOf(beta), Norms.ViewOf(runningMean), Norms.ViewOf(runningVar), y,
        statistics.View, Norms.Length(x.Count / x.Shape[^1], "positions"), x.Shape.Int(-1), training, momentum, eps);

    private void Check(Tensor x, Tensor? gamma, Tensor? beta)
    {
        if (x.Rank < 2 || x.Shape[^1] == 0)
            throw new ShapeException($"BatchNorm: the input must be [N, ..., C], found {x.Shape}");
        Shape channels = [x.Shape[^1]];
        var type = Norms.ParameterType(x);
        Norms.CheckParameter("BatchNorm", "weight", gamma, channels, type);
        Norms.CheckParameter("BatchNorm", "bias", beta, channels, type);
        Norms.CheckParameter("BatchNorm", "runningMean", runningMean, channels, type);
        Norms.CheckParameter("BatchNorm", "runningVar", runningVar, channels, type);
        if ((runningMean is null) != (runningVar is null) || (!training && runningMean is null))
            throw new ShapeException("BatchNorm: running mean and variance come together, and evaluation needs them");
        if (training && x.Count == x.Shape[^1])
            throw new ShapeException(
                $"BatchNorm: {x.Shape} has one value a channel, which has no variance to train on");
    }
}

/// <summary>Batch normalisation.</summary>
public static class BatchNormOps
{
    extension(Tensor x)
    {
        /// <summary>Normalises every channel to mean 0 and variance 1, then multiplies by the weight and adds the bias.
        /// In training with the batch's mean and biased variance, and the running statistics move towards the batch's,
        /// the variance unbiased; else with the running ones.</summary>
        /// <param name="weight">Gain [C]; 1 when null.</param>
        /// <param name="bias">Offset [C]; 0 when null.</param>
        /// <param name="runningMean">[C], changed in place by training; may be null there.</param>
        /// <param name="runningVar">[C], likewise.</param>
        /// <param name="training">True to use the batch's statistics.</param>
        /// <param name="momentum">Share of the batch in the running statistics.</param>
        /// <param name="eps">Added to the variance.</param>
        /// <returns>[N, ..., C] like the input, which may have any number of axes from 2.</returns>
        /// <exception cref="ShapeException">A parameter has another shape, or training has one value a channel.
        /// </exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        /// <remarks>Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.</remarks>
        public Tensor BatchNorm(Tensor? weight, Tensor? bias, Tensor? runningMean, Tensor? runningVar, bool training,
            float momentum = 0.1f, float eps = 1e-5f) =>
            Op.Apply(new BatchNormOp(runningMean, runningVar, training, momentum, eps), x, weight, bias);
    }
}
