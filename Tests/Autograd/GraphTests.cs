using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class GraphTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void A_chain_multiplies_derivatives()
    {
        var x = Leaf(3, -2);
        Total(Square(Square(x))).Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo([4 * 27.0, 4 * -8.0]));
    }

    [Test]
    public void The_arms_of_a_diamond_add_up()
    {
        var x = Leaf(3, -2);
        var y = Square(x);
        Total(Add(Square(y), Product(y, x))).Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo([4 * 27.0 + 3 * 9.0, 4 * -8.0 + 3 * 4.0]));
    }

    [Test]
    public void A_node_waits_for_all_its_consumers_however_deep()
    {
        var x = Leaf(2);
        var y = Square(x);
        var deep = y;
        for (var i = 0; i < 5; i++) deep = Same(deep);
        Total(Add(Product(y, deep), y)).Backward();
        Assert.That(x.Grad!.Item<double>(), Is.EqualTo(4 * 8.0 + 4));
    }

    [Test]
    public void The_same_input_twice_gets_both_gradients()
    {
        var x = Leaf(5);
        Total(Product(x, x)).Backward();
        Assert.That(x.Grad!.Item<double>(), Is.EqualTo(10));
    }

    [Test]
    public void Leaves_that_were_handed_the_same_gradient_own_separate_memory()
    {
        var (a, b) = (Leaf(1, 2), Leaf(3, 4));
        Total(Add(a, b)).Backward();
        a.Grad!.CopyFrom<double>([7, 7]);
        Assert.That(b.Grad!.ToArray<double>(), Is.EqualTo([1.0, 1.0]));
    }

    [Test]
    public void The_callers_gradient_is_neither_kept_nor_changed()
    {
        var x = Leaf(1, 2);
        var seed = Tensor.From([10.0, 20.0]);
        Add(x, x).Backward(seed);
        Same(x).Backward(seed);
        x.Grad!.CopyFrom<double>([0, 0]);
        Assert.That(seed.ToArray<double>(), Is.EqualTo([10.0, 20.0]));
    }

    [Test]
    public void A_leafs_gradient_is_contiguous_memory_of_its_own_size()
    {
        var (x, y) = (Leaf(1, 2, 3), Leaf(1, 2, 3));
        Total(x).Backward();
        Op.Apply(new ForwardOp(v => v.Clone(), _ => Tensor.From(new double[100]).Window([3], 7)), y)
            .Backward(Tensor.From([1.0, 1, 1]));
        Assert.Multiple(() =>
        {
            Assert.That(x.Grad!.IsContiguous, Is.True);
            Assert.That(x.Grad!.AsSpan<double>().ToArray(), Is.EqualTo([1.0, 1.0, 1.0]));
            Assert.That(y.Grad!.Storage.Bytes, Is.EqualTo(3 * sizeof(double)));
        });
    }

    [Test]
    public void Gradients_of_several_backward_calls_add_up()
    {
        var x = Leaf(3);
        for (var i = 0; i < 3; i++) Total(Square(x)).Backward();
        Assert.That(x.Grad!.Item<double>(), Is.EqualTo(18));
        x.Grad = null;
        Total(Square(x)).Backward();
        Assert.That(x.Grad!.Item<double>(), Is.EqualTo(6));
    }

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    public void Gradients_of_half_precision_leaves_add_up(DType half)
    {
        var x = Tensor.From([1.5f, -2f]).To(half);
        x.RequiresGrad = true;
        var y = Op.Apply(new TwiceOp(), x, x);
        y.Backward(Tensor.From([1f, 3f]).To(half));
        Assert.Multiple(() =>
        {
            Assert.That(y.DType, Is.EqualTo(half));
            Assert.That(x.Grad!.DType, Is.EqualTo(half));
            Assert.That(x.Grad!.To(DType.Float32).ToArray<float>(), Is.EqualTo([2f, 6f]));
        });
    }

    [Test]
    public void Fifty_thousand_operations_deep_does_not_overflow_the_stack()
    {
        var blocks = Device.Cpu.Memory.LiveBlocks;
        using (Scope.Open())
        {
            var x = Leaf(1);
            var y = x;
            for (var i = 0; i < 50_000; i++) y = Square(y);
            y.Backward(Tensor.From([1.0]), retainGraph: true);
            // 2^50000 does not fit a double.
            Assert.That(x.Grad!.Item<double>(), Is.EqualTo(double.PositiveInfinity));
            Assert.That(y.GradientsOf([x], Tensor.From([0.0]))[0]!.Item<double>(), Is.Zero);
        }
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(blocks));
    }

    [Test]
    public void The_order_of_summation_is_the_graphs_alone()
    {
        double[] Run()
        {
            var x = Leaf(0.1, 0.7);
            var parts = Enumerable.Range(1, 9).Select(i => Product(x, Tensor.From([1.0 / i, 1e9 / i]))).ToArray();
            Total(parts.Aggregate(Add)).Backward();
            return x.Grad!.ToArray<double>();
        }
        var first = Run();
        for (var i = 0; i < 5; i++) Assert.That(Run(), Is.EqualTo(first));
    }

    private sealed class TwiceOp : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            Assert.That(inputs[0]!.DType, Is.EqualTo(DType.Float32), "the CPU calculates half types in single");
            return inputs[0]!.Clone();
        }

        protected override void Backward(OpContext context, Tensor dy)
        {
            context.SetGrad(0, dy);
            context.SetGrad(1, dy);
        }
    }
}
