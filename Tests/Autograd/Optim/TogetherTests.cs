using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

/// <summary>On a GPU all parameters of a group are changed by one launch, to the same bits as one by one.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TogetherTests
{
    // One element, less than a warp, a stretch and a bit, and none.
    private static readonly int[] lengths = [1, 30, (1 << 13) + 5, 0, 256];

    private static readonly Func<IEnumerable<Tensor>, Optimizer>[] optimisers =
    [
        p => new AdamW(p, 0.1, weightDecay: 0.05), p => new Adam(p, 0.1, weightDecay: 0.05), p => new Sgd(p, 0.1),
        p => new Sgd(p, 0.1, momentum: 0.9, weightDecay: 0.05, nesterov: true),
        p => new Sgd(p, 0.1, momentum: 0.9, dampening: 0.2),
    ];

    [Test]
    public void A_step_has_the_bits_of_the_steps_one_by_one([Range(0, 4)] int which)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var together = Parameters(device);
        var alone = Parameters(device);
        using var one = optimisers[which](together);
        var each = alone.Select(p => optimisers[which]([p])).ToList();
        for (var step = 0; step < 3; step++)
        {
            SetGradients(together, step);
            SetGradients(alone, step);
            one.Step();
            foreach (var optimiser in each) optimiser.Step();
            Assert.That(together.Select(Values), Is.EqualTo(alone.Select(Values)));
        }
        foreach (var optimiser in each) optimiser.Dispose();
    }

    [Test]
    public void The_norm_is_that_of_the_gradients_one_by_one()
    {
        using var scope = Scope.Open();
        var parameters = Parameters(new SimDevice());
        SetGradients(parameters, 1);
        double Alone(Tensor p) => Math.Pow(ClipGrad.TotalNorm([p]), 2);
        Assert.That(ClipGrad.TotalNorm(parameters), Is.EqualTo(Math.Sqrt(parameters.Sum(Alone))).Within(1e-12));
        var before = parameters.Select(p => Values(p.Grad!)).ToList();
        var norm = ClipGrad.ByNorm(parameters, 0.5);
        var factor = (float)(0.5 / (norm + 1e-6));
        Assert.That(parameters.Select(p => Values(p.Grad!)), Is.EqualTo(before.Select(g => g.Select(x => x * factor))));
        ClipGrad.ByValue(parameters, 1e-3);
        Assert.That(parameters.SelectMany(p => Values(p.Grad!)).Max(), Is.EqualTo(1e-3f));
    }

    [Test]
    public void Averages_have_the_bits_of_the_averages_one_by_one()
    {
        using var scope = Scope.Open();
        var parameters = Parameters(new SimDevice());
        using var together = new Ema(parameters.Select((p, i) => ($"{i}", p)), 0.9, 0.5);
        var alone = parameters.Select((p, i) => new Ema([($"{i}", p)], 0.9, 0.5)).ToList();
        for (var step = 0; step < 2; step++)
        {
            foreach (var p in parameters) p.CopyFrom<float>([.. Values(p).Select(x => x * 1.25f)]);
            together.Update();
            foreach (var ema in alone) ema.Update();
        }
        foreach (var rate in together.Rates)
            Assert.That(together.Averages(rate).Select(a => Values(a.Tensor)),
                Is.EqualTo(alone.Select(a => Values(a.Averages(rate)[0].Tensor))));
        foreach (var ema in alone) ema.Dispose();
    }

    [Test]
    public void Parameters_at_other_steps_are_changed_apart()
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var (together, alone) = (Parameters(device), Parameters(device));
        using var one = new AdamW(together, 0.1);
        var each = alone.Select(p => new AdamW([p], 0.1)).ToList();
        foreach (var skipped in new[] { 1, 2, -1 })
        {
            SetGradients(together, 7);
            SetGradients(alone, 7);
            if (skipped >= 0) (together[skipped].Grad, alone[skipped].Grad) = (null, null);
            one.Step();
            foreach (var optimiser in each) optimiser.Step();
        }
        Assert.That(together.Select(Values), Is.EqualTo(alone.Select(Values)));
        foreach (var optimiser in each) optimiser.Dispose();
    }

    [Test]
    public void The_number_of_launches_does_not_grow_with_the_parameters()
    {
        using var scope = Scope.Open();
        var device = new CountingDevice();
        var parameters = Enumerable.Range(0, 20).Select(_ => Leaf(Tensor.Empty([100], device: device))).ToList();
        foreach (var p in parameters) p.Grad = Tensor.Empty([100], device: device);
        using var optimiser = new AdamW(parameters);
        using var ema = new Ema(parameters.Select((p, i) => ($"{i}", p)), 0.9, 0.99);
        optimiser.Step();
        string[] Launched(Action action)
        {
            var before = device.Launches.Count;
            action();
            return [.. device.Launches.Skip(before)];
        }
        Assert.Multiple(() =>
        {
            Assert.That(Launched(optimiser.Step), Is.EqualTo(["AdamStep.UpdateStretch"]));
            Assert.That(Launched(ema.Update), Is.EqualTo(["EmaStep.MoveStretch", "EmaStep.MoveStretch"]));
            Assert.That(Launched(() => ClipGrad.TotalNorm(parameters)),
                Is.EqualTo(["SumSquares.StretchesOfMany", "SumSquares.Totals"]));
            Assert.That(Launched(() => ClipGrad.ByValue(parameters, 1)), Is.EqualTo(["Clip.CutStretch"]));
        });
    }

    [Test]
    public void The_table_of_parameters_is_built_once()
    {
        using var scope = Scope.Open();
        var device = new CountingDevice();
        var p = Leaf(Tensor.Empty([100], device: device));
        p.Grad = Tensor.Empty([100], device: device);
        using var optimiser = new Sgd([p]);
        optimiser.Step();
        var uploads = device.Uploads;
        optimiser.Step();
        Assert.That(device.Uploads, Is.EqualTo(uploads));
        p.Grad = Tensor.Empty([100], device: device);
        optimiser.Step();
        Assert.That(device.Uploads, Is.GreaterThan(uploads));
    }

    private static List<Tensor> Parameters(Device device) =>
        [.. lengths.Select((n, i) => Leaf(Numbers(n, i).To(device)))];

    private static Tensor Leaf(Tensor x)
    {
        var leaf = x.Detach();
        leaf.RequiresGrad = true;
        return leaf;
    }

    private static void SetGradients(List<Tensor> parameters, int step)
    {
        for (var i = 0; i < parameters.Count; i++)
            parameters[i].Grad = Numbers(lengths[i], 100 + 10 * step + i).To(parameters[i].Device);
    }

    private static Tensor Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return Tensor.From([.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)], [count]);
    }

    private static float[] Values(Tensor x) => x.ToArray<float>();
}
