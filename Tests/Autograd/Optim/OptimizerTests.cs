using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

public class OptimizerTests
{
    // Not a multiple of any vector's width, and more than one chunk of work.
    private const int Odd = (1 << 15) + 4099;

    public static IEnumerable<TestCaseData> Kinds()
    {
        yield return Kind("sgd", p => new Sgd(p, 0.1));
        yield return Kind("sgd, decay", p => new Sgd(p, 0.1, weightDecay: 0.3));
        yield return Kind("sgd, momentum, dampening, decay", p => new Sgd(p, 0.1, 0.9, 0.4, 0.2));
        yield return Kind("sgd, nesterov", p => new Sgd(p, 0.1, 0.8, weightDecay: 0.01, nesterov: true));
        yield return Kind("adam", p => new Adam(p, 0.01));
        yield return Kind("adam, decay", p => new Adam(p, 0.01, (0.8, 0.95), 1e-4, 0.3));
        yield return Kind("adamw", p => new AdamW(p, 0.01, (0.7, 0.9), 1e-6, 0.5));

        static TestCaseData Kind(string name, Func<IEnumerable<Tensor>, Optimizer> make) =>
            new TestCaseData(make).SetArgDisplayNames(name);
    }

    [AnyWidth]
    [TestCaseSource(nameof(Kinds))]
    public void Single_precision_follows_the_double_precision_reference(Func<IEnumerable<Tensor>, Optimizer> make)
    {
        using var scope = Scope.Open();
        var single = Train(make, DType.Float32, Odd, 4);
        var both = Train(make, DType.Float64, Odd, 4);
        Assert.That(Enumerable.Range(0, Odd).Max(i => Math.Abs(single[i] - both[i])), Is.LessThan(3e-6));
    }

    [TestCaseSource(nameof(Kinds))]
    public void Saved_and_loaded_in_the_middle_gives_the_same_bits(Func<IEnumerable<Tensor>, Optimizer> make)
    {
        using var scope = Scope.Open();
        var straight = Leaf(DType.Float32, 1003);
        using var optimizer = make([straight]);
        for (var step = 0; step < 3; step++) Step(optimizer, straight, step);
        var saved = optimizer.SaveState();
        var copy = new SavedState();
        foreach (var (name, tensor) in saved.Tensors) copy.Tensors[name] = tensor.Clone();
        foreach (var (name, number) in saved.Numbers) copy.Numbers[name] = number;
        var resumed = straight.Detach().Clone();
        resumed.RequiresGrad = true;
        for (var step = 3; step < 6; step++) Step(optimizer, straight, step);

        using var second = make([resumed]);
        Step(second, resumed, 17);
        resumed.CopyFrom<float>(Replay(make, 3));
        second.LoadState(copy);
        for (var step = 3; step < 6; step++) Step(second, resumed, step);
        Assert.That(resumed.ToArray<float>(), Is.EqualTo(straight.ToArray<float>()));
    }

    [TestCaseSource(nameof(Kinds))]
    public void Every_element_gets_the_same_bits_wherever_it_lies(Func<IEnumerable<Tensor>, Optimizer> make)
    {
        using var scope = Scope.Open();
        var parameters = new List<float[]>();
        foreach (var length in (int[])[1, 7, 8, 9, 31])
        {
            var p = Tensor.From(Enumerable.Repeat(0.7f, length).ToArray());
            p.RequiresGrad = true;
            using var optimizer = make([p]);
            for (var step = 0; step < 3; step++)
            {
                p.Grad = Tensor.From(Enumerable.Repeat(0.3f - step, length).ToArray());
                optimizer.Step();
            }
            parameters.Add(p.ToArray<float>());
        }
        Assert.That(parameters.SelectMany(p => p).Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void Groups_have_their_own_rates()
    {
        using var scope = Scope.Open();
        var (a, b, c) = (Ones(), Ones(), Ones());
        using var optimizer = new Sgd(
            [new ParamGroup([a]), new ParamGroup([b], lr: 0.5), new ParamGroup([c], weightDecay: 0.25)], lr: 0.1);
        foreach (var p in optimizer.Parameters) p.Grad = Tensor.From([2f]);
        optimizer.Step();
        Assert.That(optimizer.Parameters.Select(p => p.Item<float>()), Is.EqualTo([0.8f, 0f, 0.775f]).Within(1e-6));
    }

    [Test]
    public void A_parameter_without_a_gradient_is_left_alone()
    {
        using var scope = Scope.Open();
        var (a, b) = (Ones(), Ones());
        using var optimizer = new AdamW([a, b], weightDecay: 0.5);
        a.Grad = Tensor.From([1f]);
        optimizer.Step();
        Assert.Multiple(() =>
        {
            Assert.That(a.Item<float>(), Is.Not.EqualTo(1));
            Assert.That(b.Item<float>(), Is.EqualTo(1));
            Assert.That(optimizer.SaveState().Tensors.Keys, Is.EquivalentTo(["state.0.exp_avg", "state.0.exp_avg_sq"]));
        });
        optimizer.ZeroGrad();
        Assert.That(a.Grad, Is.Null);
    }

    [Test]
    public void A_step_counts_as_a_change_of_its_parameter()
    {
        using var scope = Scope.Open();
        var a = Ones();
        using var optimizer = new Sgd([a], 0.1);
        a.Grad = Tensor.From([1f]);
        var version = a.Storage.Version;
        optimizer.Step();
        Assert.That(a.Storage.Version, Is.GreaterThan(version));
    }

    [Test]
    public void Mistakes_are_named()
    {
        using var scope = Scope.Open();
        var a = Ones();
        var half = Ones().Detach().To(DType.Float16);
        Assert.Multiple(() =>
        {
            Assert.That(() => new Sgd(Array.Empty<Tensor>()), Throws.ArgumentException);
            Assert.That(() => new Sgd([a, a]), Throws.ArgumentException.With.Message.Contains("twice"));
            Assert.That(() => new Sgd([new ParamGroup([("w", a), ("w", Ones())])]), Throws.ArgumentException
                .With.Message.Contains("'w'"));
            Assert.That(() => new Sgd([a], -1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new Sgd([a], nesterov: true), Throws.ArgumentException);
            Assert.That(() => new Adam([a], betas: (0.9, 1)), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new Sgd([half]), Throws.TypeOf<DTypeException>().With.Message.Contains("master"));
            Assert.That(() => new Sgd([a.Clone()]), Throws.ArgumentException);
        });
    }

    [Test]
    public void A_foreign_state_is_refused_whole()
    {
        using var scope = Scope.Open();
        var (a, b) = (Ones(), Tensor.From([1f, 2f]));
        using var first = new AdamW([new ParamGroup([("a", a)])]);
        using var second = new AdamW([new ParamGroup([("b", b)])], lr: 0.5);
        a.Grad = Tensor.From([1f]);
        first.Step();
        var state = first.SaveState();
        Assert.That(() => second.LoadState(state), Throws.TypeOf<StateException>()
            .With.Message.Contains("unexpected 'state.a.exp_avg'"));
        state.Numbers["state.b.step"] = 1;
        state.Tensors["state.b.exp_avg"] = state.Tensors["state.a.exp_avg"];
        Assert.That(() => second.LoadState(state), Throws.TypeOf<StateException>()
            .With.Message.Contains("missing tensor 'state.b.exp_avg_sq'").And.Message.Contains("expected [2] Float32"));
        Assert.That(second.Groups[0].Lr, Is.EqualTo(0.5));
    }

    [Test]
    public void A_user_can_write_an_optimiser()
    {
        using var scope = Scope.Open();
        var a = Ones();
        using var optimizer = new SignDescent([a]);
        a.Grad = Tensor.From([-3f]);
        optimizer.Step();
        optimizer.Step();
        Assert.That(a.Item<float>(), Is.EqualTo(1.5f));
        Assert.That(optimizer.SaveState().Tensors["state.0.steps_taken"].Item<float>(), Is.EqualTo(2));
    }

    private sealed class SignDescent(IEnumerable<Tensor> parameters) : Optimizer([new ParamGroup(parameters)], 0.25, 0)
    {
        protected override IReadOnlyList<string> Slots => ["steps_taken"];

        protected override void Update(ParamGroup group, ParamState state, Tensor gradient)
        {
            for (var i = 0; i < gradient.Count; i++)
            {
                state.Parameter.AsSpan<float>()[i] -= (float)group.Lr * MathF.Sign(gradient.AsSpan<float>()[i]);
                state.Slot("steps_taken").AsSpan<float>()[i]++;
            }
        }
    }

    private static Tensor Ones()
    {
        var one = Tensor.From([1f]);
        one.RequiresGrad = true;
        return one;
    }

    private static Tensor Leaf(DType dtype, int length)
    {
        var random = new Random(5);
        var leaf = Tensor.From(Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f).ToArray()).To(dtype);
        leaf.RequiresGrad = true;
        return leaf;
    }

    private static void Step(Optimizer optimizer, Tensor parameter, int seed)
    {
        var random = new Random(seed);
        var gradient = Enumerable.Range(0, (int)parameter.Count).Select(_ => random.NextSingle() * 2 - 1).ToArray();
        parameter.Grad = Tensor.From(gradient).To(parameter.DType);
        optimizer.Step();
    }

    private static double[] Train(Func<IEnumerable<Tensor>, Optimizer> make, DType dtype, int length, int steps)
    {
        var parameter = Leaf(dtype, length);
        using var optimizer = make([parameter]);
        for (var step = 0; step < steps; step++) Step(optimizer, parameter, step);
        return GoldenFixture.Values(parameter);
    }

    private static float[] Replay(Func<IEnumerable<Tensor>, Optimizer> make, int steps) =>
        Array.ConvertAll(Train(make, DType.Float32, 1003, steps), v => (float)v);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(8)]
    public void The_bits_do_not_depend_on_the_number_of_threads(int threads)
    {
        using var device = new CpuDevice(threads);
        using var scope = Scope.Open();
        var values = Leaf(DType.Float32, 3 * Odd).ToArray<float>();
        var x = Tensor.From(values, [values.Length], device);
        var sum = Tensor.Empty([1], DType.Float64, device);
        SumSquares.Kernel.Run(device, DType.Float32, new SumSquaresArgs(x.View, sum.View));
        var expected = Leaf(DType.Float32, 3 * Odd);
        var again = Tensor.Empty([1], DType.Float64);
        SumSquares.Kernel.Run(Device.Cpu, DType.Float32, new SumSquaresArgs(expected.View, again.View));
        Assert.That(sum.Item<double>(), Is.EqualTo(again.Item<double>()));
    }
}
