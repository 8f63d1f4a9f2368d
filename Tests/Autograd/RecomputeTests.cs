using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class RecomputeTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void Gives_the_bits_of_a_plain_run()
    {
        var plain = Gradients((body, x) => body([x]));
        var again = Gradients((body, x) => Recompute.Run(body, [x]));
        Assert.That(again, Is.EqualTo(plain));
    }

    [Test]
    public void Runs_the_body_twice_when_there_is_a_backward_and_once_when_not()
    {
        var runs = 0;
        Tensor Body(Tensor[] x)
        {
            runs++;
            return Square(x[0]);
        }
        var x = Leaf(3);
        Total(Recompute.Run(Body, [x])).Backward();
        Assert.That(runs, Is.EqualTo(2));
        using (GradMode.No()) Recompute.Run(Body, [x]);
        Recompute.Run(Body, [Tensor.From([1.0])]);
        Assert.That(runs, Is.EqualTo(4));
    }

    [Test]
    public void Keeps_its_input_only()
    {
        const int length = 10_000, depth = 20;
        long Peak(Func<Func<Tensor[], Tensor>, Tensor, Tensor> run)
        {
            using var inner = Scope.Open();
            var x = Leaf(new double[length]);
            var before = Device.Cpu.Memory.LiveBytes;
            Tensor y;
            using (var forward = Scope.Open())
                y = forward.Keep(run(i => Enumerable.Range(0, depth).Aggregate(i[0], (h, _) => Square(h)), x));
            return Device.Cpu.Memory.LiveBytes - before;
        }
        var plain = Peak((body, x) => body([x]));
        var again = Peak((body, x) => Recompute.Run(body, [x]));
        Assert.Multiple(() =>
        {
            Assert.That(plain, Is.GreaterThanOrEqualTo(depth * length * sizeof(double)));
            Assert.That(again, Is.LessThan(2 * length * sizeof(double)));
        });
    }

    [Test]
    public void Trains_parameters_when_no_input_needs_a_gradient()
    {
        var w = Leaf(3);
        var y = Recompute.Run(i => Product(i[0], w), [Tensor.From([2.0])]);
        Assert.That(y.RequiresGrad, Is.True);
        Total(y).Backward();
        Assert.That(w.Grad!.Item<double>(), Is.EqualTo(2));
    }

    [Test]
    public void Is_not_recorded_when_everything_is_frozen()
    {
        var w = Tensor.From([3.0]);
        Assert.That(Recompute.Run(i => Product(i[0], w), [Tensor.From([2.0])]).RequiresGrad, Is.False);
    }

    [Test]
    public void Nests()
    {
        var (x, w) = (Leaf(2), Leaf(3));
        Total(Recompute.Run(i => Square(Recompute.Run(j => Product(j[0], w), i)), [x])).Backward();
        Assert.That((x.Grad!.Item<double>(), w.Grad!.Item<double>()), Is.EqualTo((36.0, 24.0)));
    }

    [Test]
    public void A_body_may_return_its_input_or_a_parameter()
    {
        var (x, w) = (Leaf(2), Leaf(3));
        Total(Add(Recompute.Run(i => i[0], [x]), Recompute.Run(_ => w, [x]))).Backward();
        Assert.That((x.Grad!.Item<double>(), w.Grad!.Item<double>()), Is.EqualTo((1.0, 1.0)));
        Assert.That(w.IsDisposed || x.IsDisposed, Is.False);
    }

    [Test]
    public void A_changed_input_is_noticed()
    {
        var x = Leaf(3);
        var y = Total(Recompute.Run(i => Square(i[0]), [x]));
        x.CopyFrom<double>([4]);
        Assert.That(() => y.Backward(), Throws.InvalidOperationException.With.Message.Contains("in place"));
    }

    [Test]
    public void Draws_the_same_random_numbers_again_and_then_goes_on()
    {
        var generator = new Generator(5);
        var x = Leaf([.. Enumerable.Repeat(1.0, 1000)]);
        generator.NextWord();
        var y = Recompute.Run(i => i[0].Dropout(0.5, generator, training: true), [x], generator);
        var drawn = generator.NextWord();
        var position = generator.State;
        Total(y).Backward();
        Assert.Multiple(() =>
        {
            // Where an element was dropped its gradient is 0, elsewhere 2: the element itself.
            Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo(y.ToArray<double>()));
            Assert.That(generator.State, Is.EqualTo(position));
            Assert.That(generator.NextWord(), Is.Not.EqualTo(drawn));
        });
    }

    private static double[][] Gradients(Func<Func<Tensor[], Tensor>, Tensor, Tensor> run)
    {
        var (x, w) = (Leaf(0.1, 0.7, -1.3), Leaf(1.1, 0.9, 1e-3));
        var h = Square(x);
        h = run(i => Add(Product(Square(Product(i[0], w)), w), i[0]), h);
        Total(Product(h, w)).Backward();
        return [h.ToArray<double>(), x.Grad!.ToArray<double>(), w.Grad!.ToArray<double>()];
    }
}
