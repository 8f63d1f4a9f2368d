using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

[NonParallelizable]
public class ReleaseTests
{
    private long blocks, forgotten;

    [SetUp]
    public void Count()
    {
        Collect();
        (blocks, forgotten) = (Device.Cpu.Memory.LiveBlocks, Device.Cpu.Memory.Forgotten);
    }

    [TearDown]
    public void Nothing_is_left()
    {
        Collect();
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(blocks), "blocks in use");
        Assert.That(Device.Cpu.Memory.Forgotten, Is.EqualTo(forgotten), "tensors that the garbage collector reclaimed");
    }

    [Test]
    public void After_backward()
    {
        using var scope = Scope.Open();
        var x = Leaf(1, 2);
        Total(Product(Square(x), x)).Backward();
    }

    [Test]
    public void Without_backward()
    {
        using var scope = Scope.Open();
        var x = Leaf(1, 2);
        Total(Product(Square(x), x));
    }

    [Test]
    public void Without_a_scope_when_every_tensor_is_disposed()
    {
        using var x = Leaf(1, 2);
        using var y = Square(x);
        using var z = Total(y);
        y.Dispose();
        z.Backward();
    }

    [Test]
    public void Results_that_outlive_their_inputs_keep_the_graph_and_then_let_go()
    {
        using var x = Leaf(1, 2);
        Tensor y;
        using (var scope = Scope.Open()) y = Scope.Detach(scope.Keep(Total(Product(Square(x), x))));
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.GreaterThan(blocks + 2));
        y.Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo([3.0, 12.0]));
        y.Dispose();
    }

    [Test]
    public void Backward_releases_what_was_saved()
    {
        using var scope = Scope.Open();
        var x = Leaf(1, 2);
        Tensor y;
        using (var inner = Scope.Open()) y = inner.Keep(Total(Product(Square(x), x)));
        var held = Device.Cpu.Memory.LiveBlocks;
        y.Backward();
        // The square goes, the leaf's gradient comes.
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(held));
    }

    [Test]
    public void After_retained_and_partial_passes()
    {
        using var scope = Scope.Open();
        var (x, w) = (Leaf(1, 2), Leaf(3, 4));
        var y = Total(Product(Square(x), w));
        y.GradientsOf([x], retainGraph: true);
        y.Backward(retainGraph: true);
        y.GradientsOf([w]);
    }

    [Test]
    public void After_recomputation()
    {
        using var scope = Scope.Open();
        var (x, w) = (Leaf(1, 2), Leaf(3, 4));
        Total(Recompute.Run(i => Product(Square(i[0]), w), [x])).Backward();
        Total(Recompute.Run(i => Product(Square(i[0]), w), [x])).GradientsOf([x, w]);
        Recompute.Run(i => Product(Square(i[0]), w), [x]);
    }

    [Test]
    public void After_a_forward_that_threw()
    {
        using var scope = Scope.Open();
        var x = Square(Leaf(1));
        Assert.That(() => Op.Apply(new ForwardOp(_ => throw new ArithmeticException()), x),
            Throws.TypeOf<ArithmeticException>());
    }

    [Test]
    public void After_a_backward_that_threw()
    {
        using var scope = Scope.Open();
        var x = Leaf(1);
        var bad = Op.Apply(new ForwardOp(v => v.Clone(), _ => throw new ArithmeticException()), Square(x));
        var y = Add(Add(bad, Square(x)), Square(x));
        Assert.That(() => y.Backward(), Throws.TypeOf<ArithmeticException>());
    }

    [Test]
    public void After_a_second_backward_that_was_refused()
    {
        using var scope = Scope.Open();
        var y = Total(Square(Leaf(1)));
        y.Backward();
        Assert.That(() => y.Backward(), Throws.InvalidOperationException);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
