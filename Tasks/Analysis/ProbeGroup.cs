using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Linear probes of equally many inputs: all cells of one learning rate are one batch of matrix products. No
/// probe touches another's numbers.</summary>
internal sealed class ProbeGroup : IDisposable
{
    private readonly (int Timestep, int Block, int Pool)[] maps;
    private readonly Tensor[] weights, biases, losses;
    private readonly int classes;

    /// <param name="cells">Positions of the cells among all.</param>
    /// <param name="maps">For each cell the positions of its timestep and block in the spec, and its pool.</param>
    /// <param name="head">A fresh probe; all begin with its weights.</param>
    /// <param name="rates">Number of learning rates.</param>
    public ProbeGroup(IReadOnlyList<int> cells, IEnumerable<(int, int, int)> maps, LinearHead head, int rates)
    {
        (Cells, this.maps) = (cells, [.. maps]);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var state = head.StateDict();
        var (weight, bias) = (state["fcs.0.weight"], state["fcs.0.bias"]);
        classes = weight.Shape.Int(0);
        weights = Copies(weight, rates);
        biases = Copies(bias.Unsqueeze(0), rates);
        losses = [.. biases.Select(b => Scope.Detach(Tensor.Zeros([Cells.Count], device: b.Device)))];
    }

    /// <summary>Positions of the cells among all.</summary>
    public IReadOnlyList<int> Cells { get; }

    /// <summary>The parameters of a learning rate: weights [cells, classes, inputs], biases [cells, 1, classes].
    /// </summary>
    public IEnumerable<(string Name, Tensor Tensor)> Parameters(int rate, int group) =>
        [($"{group}.{rate}.weight", weights[rate]), ($"{group}.{rate}.bias", biases[rate])];

    /// <summary>What the cells read of a batch, [cells, N, inputs], on the probes' device.</summary>
    public Tensor Rows(FeatureMaps features)
    {
        using var scope = Scope.Open();
        return scope.Keep(Tensor.Stack(0,
            [.. maps.Select(m => LinearHead.Row(features[m.Timestep][m.Block].Map, m.Pool))]).To(weights[0].Device));
    }

    /// <summary>Adds the gradients of all probes' mean cross-entropies, and notes the losses.</summary>
    /// <param name="rows">From <see cref="Rows"/>.</param>
    /// <param name="labels">Int64 [N], on the probes' device.</param>
    public void Backward(Tensor rows, Tensor labels)
    {
        for (var rate = 0; rate < weights.Length; rate++)
        {
            using var scope = Scope.Open();
            var each = Logits(rows, rate).CrossEntropy(labels.Broadcast([Cells.Count, labels.Shape[0]]).Contiguous(),
                reduction: Reduction.None).Mean(1);
            each.Sum().Backward();
            using var no = GradMode.No();
            losses[rate].Assign(losses[rate] + each.Detach() * labels.Shape[0]);
        }
    }

    /// <summary>Adds to <paramref name="right"/> [rates, cells] the images that the probes name rightly.</summary>
    public void Count(Tensor rows, Tensor labels, Tensor right)
    {
        for (var rate = 0; rate < weights.Length; rate++)
        {
            using var scope = Scope.Open();
            var hits = Logits(rows, rate).ArgMax(-1).Equal(labels.Unsqueeze(0)).Sum(1);
            right.At(rate).Assign(right.At(rate) + hits);
        }
    }

    /// <summary>An empty count for <see cref="Count"/>.</summary>
    public Tensor NoCount() => Tensor.Zeros([weights.Length, Cells.Count], DType.Int64, weights[0].Device);

    /// <summary>Mean over images of each probe's loss since <see cref="ForgetLosses"/>, [rate][cell].</summary>
    public double[][] Losses(long images) =>
        [.. losses.Select(l => Array.ConvertAll(l.ToArray<float>(), sum => (double)sum / Math.Max(1, images)))];

    /// <summary>The sums as tensors, to be saved.</summary>
    public Tensor LossSum(int rate) => losses[rate];

    /// <summary>Begins new sums.</summary>
    public void ForgetLosses()
    {
        using var no = GradMode.No();
        foreach (var sum in losses) sum.Assign(Tensor.ZerosLike(sum));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[.. weights, .. biases, .. losses]) tensor.Dispose();
    }

    private Tensor Logits(Tensor rows, int rate) => rows.MatMul(weights[rate], transposeB: true) + biases[rate];

    private Tensor[] Copies(Tensor one, int rates)
    {
        var shape = Shape.Of([Cells.Count, .. one.Shape.ToArray()]);
        return [.. Enumerable.Range(0, rates).Select(_ =>
        {
            var copy = Scope.Detach(Tensor.EmptyLasting(shape, one.DType, one.Device));
            copy.Assign(one.Unsqueeze(0).Broadcast(shape));
            copy.RequiresGrad = true;
            return copy;
        })];
    }
}
