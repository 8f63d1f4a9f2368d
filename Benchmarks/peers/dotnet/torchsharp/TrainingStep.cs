using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diffract.Peers;

/// <summary>One optimiser step; its check is the loss and the length of the gradient for given data, and the loss
/// after one step.</summary>
internal abstract class TrainingStep : IPeerCase
{
    private readonly AdamW optimiser;

    private protected TrainingStep(IEnumerable<KeyValuePair<string, long[]>> shapes, Settings settings)
    {
        Parameters = shapes.ToDictionary(shape => shape.Key,
            shape => (Tensor)new Parameter(settings.Parameter(shape.Key, shape.Value)).DetachFromDisposeScope());
        optimiser = optim.AdamW(Parameters.Values.Cast<Parameter>(), lr: 1e-4, weight_decay: 0);
    }

    /// <summary>What is trained.</summary>
    protected Dictionary<string, Tensor> Parameters { get; }

    public double[] Check()
    {
        using var scope = NewDisposeScope();
        var loss = Loss(true);
        loss.backward();
        // In double precision: float32 sums over millions of elements lose the fourth digit.
        var squares = Parameters.Values.Sum(p => p.grad!.to(ScalarType.Float64).square().sum().item<double>());
        optimiser.step();
        using var none = no_grad();
        return [loss.item<float>(), Math.Sqrt(squares), Loss(true).item<float>()];
    }

    public void Run()
    {
        using var scope = NewDisposeScope();
        optimiser.zero_grad();
        var loss = Loss(false);
        loss.backward();
        BeforeStep();
        optimiser.step();
        AfterStep();
        loss.item<float>();
    }

    public virtual void Dispose()
    {
        optimiser.Dispose();
        foreach (var parameter in Parameters.Values) parameter.Dispose();
    }

    /// <summary>The loss, a scalar.</summary>
    /// <param name="check">True for given random numbers, false for fresh ones.</param>
    protected abstract Tensor Loss(bool check);

    /// <summary>What a step does between gradients and optimiser.</summary>
    protected virtual void BeforeStep() { }

    /// <summary>What a step does after the optimiser.</summary>
    protected virtual void AfterStep() { }
}
