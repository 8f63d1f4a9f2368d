using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Parameters that are trained with the same learning rate and weight decay.</summary>
public sealed class ParamGroup
{
    private readonly List<(string Name, Tensor Tensor)> parameters;

    /// <summary>A group of named parameters; the names appear in saved states and messages.</summary>
    /// <param name="parameters">Leaves; the ones that have no gradient at a step are left alone.</param>
    /// <param name="lr">Learning rate; the optimiser's when left out.</param>
    /// <param name="weightDecay">Weight decay; the optimiser's when left out.</param>
    public ParamGroup(IEnumerable<(string Name, Tensor Tensor)> parameters, double? lr = null,
        double? weightDecay = null)
    {
        this.parameters = [.. parameters];
        (OwnLr, OwnWeightDecay) = (lr, weightDecay);
    }

    /// <summary>A group of parameters that are named by their numbers, counted through all groups from 0.</summary>
    /// <inheritdoc cref="ParamGroup(IEnumerable{ValueTuple{string, Tensor}}, double?, double?)"/>
    public ParamGroup(IEnumerable<Tensor> parameters, double? lr = null, double? weightDecay = null)
        : this(parameters.Select(p => ("", p)), lr, weightDecay) { }

    /// <summary>The parameters in the order they were given.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Parameters => parameters;

    /// <summary>The learning rate of the next step; a <see cref="Schedule"/> changes it.</summary>
    public double Lr { get; set; }

    /// <summary>The learning rate that schedules start from.</summary>
    public double InitialLr { get; internal set; }

    /// <summary>The weight decay of the next step.</summary>
    public double WeightDecay { get; set; }

    internal double? OwnLr { get; }

    internal double? OwnWeightDecay { get; }

    internal void Adopt(double lr, double weightDecay, int firstNumber)
    {
        Lr = InitialLr = OwnLr ?? lr;
        WeightDecay = OwnWeightDecay ?? weightDecay;
        ArgumentOutOfRangeException.ThrowIfNegative(Lr, nameof(lr));
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay, nameof(weightDecay));
        for (var i = 0; i < parameters.Count; i++)
            if (parameters[i].Name.Length == 0) parameters[i] = ($"{firstNumber + i}", parameters[i].Tensor);
    }
}
