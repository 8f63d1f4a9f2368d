using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Batch normalisation of channels-last maps (Ioffe and Szegedy 2015): statistics of the batch while training,
/// running ones in evaluation. State: <c>weight</c>, <c>bias</c>, <c>running_mean</c>, <c>running_var</c> [C],
/// <c>num_batches_tracked</c>.</summary>
/// <remarks>In training mode a forward changes the running statistics: one thread at a time.</remarks>
public sealed class BatchNorm2d : Layer
{
    private readonly Parameter weight, bias, runningMean, runningVar, batches;
    private readonly float epsilon, momentum;

    /// <summary>A normalisation of <paramref name="features"/> channels.</summary>
    /// <param name="features">Length of the last axis.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="momentum">Weight of the newest batch in the running statistics.</param>
    public BatchNorm2d(int features, float epsilon = 1e-5f, float momentum = 0.1f)
    {
        weight = Parameter("weight", [features]);
        bias = Parameter("bias", [features]);
        runningMean = Buffer("running_mean", Tensor.Zeros([features]));
        runningVar = Buffer("running_var", Tensor.Ones([features]));
        batches = Buffer("num_batches_tracked", Tensor.From([0L], Shape.Scalar));
        (this.epsilon, this.momentum) = (epsilon, momentum);
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        Fill.WithConstant(weight, 1);
        Fill.WithZeros(bias);
        Fill.WithZeros(runningMean);
        Fill.WithConstant(runningVar, 1);
        batches.Assign(Tensor.From([0L], Shape.Scalar));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        if (Training) Count();
        return x.BatchNorm(weight.Value, bias.Value, runningMean.Value, runningVar.Value, Training, momentum, epsilon);
    }

    private void Count()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        batches.Assign(batches.Value + Tensor.Ones(Shape.Scalar, DType.Int64, batches.Device));
    }
}
