using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

public class EmaTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void Several_rates_follow_the_same_parameters()
    {
        var p = Tensor.From([0f, 10f]);
        using var ema = new Ema([("p", p)], 0.9, 0.5, 0);
        p.CopyFrom<float>([1, 20]);
        ema.Update();
        Assert.Multiple(() =>
        {
            Assert.That(ema.Rates, Is.EqualTo([0, 0.5, 0.9]));
            Assert.That(ema.Averages(0.9)[0].Tensor.ToArray<float>(), Is.EqualTo([0.1f, 11f]).Within(1e-6));
            Assert.That(ema.Averages(0.5)[0].Tensor.ToArray<float>(), Is.EqualTo([0.5f, 15f]));
            Assert.That(ema.Averages(0)[0].Tensor.ToArray<float>(), Is.EqualTo([1f, 20f]));
            Assert.That(() => ema.Averages(0.1), Throws.TypeOf<KeyNotFoundException>());
        });
    }

    [AnyWidth]
    [Test]
    public void Single_precision_follows_the_double_precision_reference()
    {
        const int length = (1 << 15) + 13;
        var random = new Random(3);
        float[] Numbers() => [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)];
        var single = Tensor.From(Numbers());
        var both = single.To(DType.Float64);
        using var ema = new Ema([("f32", single), ("f64", both)], 0.75);
        for (var i = 0; i < 3; i++)
        {
            single.CopyFrom<float>(Numbers());
            both.CopyFrom<double>(GoldenFixture.Values(single));
            ema.Update();
        }
        var averages = ema.Averages(0.75);
        var (found, expected) = (GoldenFixture.Values(averages[0].Tensor), GoldenFixture.Values(averages[1].Tensor));
        Assert.That(Enumerable.Range(0, length).Max(i => Math.Abs(found[i] - expected[i])), Is.LessThan(1e-7));
    }

    [Test]
    public void Averages_stand_in_for_the_parameters_for_a_while()
    {
        var p = Tensor.From([0f]);
        using var ema = new Ema([("p", p)], 0.5);
        p.CopyFrom<float>([8]);
        ema.Update();
        using (ema.Use(0.5)) Assert.That(p.Item<float>(), Is.EqualTo(4));
        Assert.That(p.Item<float>(), Is.EqualTo(8));
    }

    [Test]
    public void Are_saved_and_loaded_bit_by_bit()
    {
        var p = Tensor.From([0f, 1f, 2f]);
        using var ema = new Ema([("a.weight", p)], 0.9999, 0.99);
        p.CopyFrom<float>([1 / 3f, 1 / 7f, 1e-30f]);
        ema.Update();
        var saved = ema.SaveState();
        using var other = new Ema([("a.weight", p)], 0.9999, 0.99);
        other.LoadState(saved);
        Assert.Multiple(() =>
        {
            Assert.That(saved.Tensors.Keys, Is.EquivalentTo(["0.99.a.weight", "0.9999.a.weight"]));
            foreach (var rate in ema.Rates)
                Assert.That(other.Averages(rate)[0].Tensor.ToArray<float>(),
                    Is.EqualTo(ema.Averages(rate)[0].Tensor.ToArray<float>()));
        });
        using var foreign = new Ema([("a.weight", p)], 0.5);
        Assert.That(() => foreign.LoadState(saved), Throws.TypeOf<StateException>());
    }

    [Test]
    public void Parts_of_a_state_keep_to_their_prefix()
    {
        var p = Tensor.From([1f]);
        using var ema = new Ema([("p", p)], 0.5);
        var all = new SavedState().Add("ema", ema.SaveState()).Add("scaler", new LossScaler().SaveState());
        Assert.Multiple(() =>
        {
            Assert.That(all.Part("ema").Tensors.Keys, Is.EqualTo(["0.5.p"]));
            Assert.That(all.Part("scaler").Number("lg_loss_scale"), Is.EqualTo(20));
            Assert.That(() => all.Part("nothing").Number("lg_loss_scale"), Throws.TypeOf<StateException>());
        });
    }
}
