using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class GradRulesTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void A_result_requires_a_gradient_when_an_input_does()
    {
        var (x, constant) = (Leaf(1), Tensor.From([2.0]));
        Assert.Multiple(() =>
        {
            Assert.That(Product(constant, constant).RequiresGrad, Is.False);
            Assert.That(Product(constant, x).RequiresGrad, Is.True);
            Assert.That(Product(constant, x).IsLeaf, Is.False);
            Assert.That(x.IsLeaf && constant.IsLeaf && Product(constant, constant).IsLeaf, Is.True);
            Assert.That(Square(x).Detach().RequiresGrad, Is.False);
        });
    }

    [Test]
    public void Only_floating_point_leaves_may_require_a_gradient()
    {
        var integers = Tensor.From([1L]);
        var result = Square(Leaf(1));
        Assert.Multiple(() =>
        {
            Assert.That(() => integers.RequiresGrad = true, Throws.TypeOf<DTypeException>());
            Assert.That(() => result.RequiresGrad = false, Throws.InvalidOperationException
                .With.Message.Contains("Detach"));
        });
    }

    [Test]
    public void A_leaf_that_no_longer_requires_a_gradient_gets_none()
    {
        var (x, w) = (Leaf(2), Leaf(3));
        var y = Total(Product(x, w));
        w.RequiresGrad = false;
        y.Backward();
        Assert.Multiple(() =>
        {
            Assert.That(x.Grad!.Item<double>(), Is.EqualTo(3));
            Assert.That(w.Grad, Is.Null);
        });
    }

    [Test]
    public void Backward_needs_something_to_differentiate()
    {
        var y = Total(Tensor.From([1.0]));
        Assert.That(() => y.Backward(), Throws.InvalidOperationException.With.Message.Contains("RequiresGrad"));
        using (GradMode.No())
        {
            var quiet = Total(Leaf(1));
            Assert.That(() => quiet.Backward(), Throws.InvalidOperationException);
        }
    }

    [Test]
    public void The_gradient_handed_to_backward_must_fit()
    {
        var y = Square(Leaf(1, 2));
        Assert.Multiple(() =>
        {
            Assert.That(() => y.Backward(), Throws.TypeOf<ShapeException>());
            Assert.That(() => y.Backward(Tensor.From([1.0])), Throws.TypeOf<ShapeException>());
            Assert.That(() => y.Backward(Tensor.From([1f, 1f])), Throws.TypeOf<DTypeException>());
        });
    }

    [Test]
    public void A_gradient_can_be_set_only_where_it_fits()
    {
        var x = Leaf(1, 2);
        Assert.Multiple(() =>
        {
            Assert.That(() => x.Grad = Tensor.From([1.0]), Throws.TypeOf<ShapeException>());
            Assert.That(() => x.Grad = Tensor.From([1f, 2f]), Throws.TypeOf<DTypeException>());
            Assert.That(() => Tensor.From([1.0]).Grad = Tensor.From([1.0]), Throws.InvalidOperationException);
        });
        x.Grad = Tensor.From([5.0, 6.0]);
        Total(x).Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo([6.0, 7.0]));
    }

    [Test]
    public void A_second_backward_says_what_to_do()
    {
        var x = Leaf(3);
        var y = Total(Square(x));
        y.Backward();
        Assert.That(() => y.Backward(), Throws.InvalidOperationException.With.Message.Contains("retainGraph"));
    }

    [Test]
    public void A_second_backward_through_a_shared_part_says_what_to_do()
    {
        var x = Leaf(3);
        var shared = Square(x);
        Total(Square(shared)).Backward();
        var other = Total(Square(shared));
        Assert.That(() => other.Backward(), Throws.InvalidOperationException.With.Message.Contains("Square"));
    }

    [Test]
    public void RetainGraph_allows_a_second_backward()
    {
        var x = Leaf(3);
        var y = Total(Square(x));
        y.Backward(retainGraph: true);
        y.Backward();
        Assert.That(x.Grad!.Item<double>(), Is.EqualTo(12));
    }

    [Test]
    public void A_saved_tensor_that_was_changed_in_place_is_noticed()
    {
        var x = Leaf(3);
        var y = Total(Square(x));
        x.CopyFrom<double>([4]);
        Assert.That(() => y.Backward(), Throws.InvalidOperationException.With.Message.Contains("in place"));
    }

    [Test]
    public void A_change_through_a_view_is_noticed_too()
    {
        var x = Leaf(3, 4);
        var y = Total(Square(x));
        x.Window([1], 1).CopyFrom<double>([9]);
        Assert.That(() => y.Backward(), Throws.InvalidOperationException.With.Message.Contains("in place"));
    }

    [Test]
    public void A_gradient_of_the_wrong_shape_or_type_is_the_operations_fault()
    {
        var x = Leaf(1, 2);
        var shape = Op.Apply(new ForwardOp(v => v.Clone(), _ => Tensor.From([1.0])), x);
        var type = Op.Apply(new ForwardOp(v => v.Clone(), _ => Tensor.From([1f, 1f])), x);
        Assert.Multiple(() =>
        {
            Assert.That(() => shape.Backward(Tensor.From([1.0, 1])), Throws.TypeOf<ShapeException>()
                .With.Message.Contains("Forward"));
            Assert.That(() => type.Backward(Tensor.From([1.0, 1])), Throws.TypeOf<DTypeException>()
                .With.Message.Contains("Forward"));
        });
    }

    [Test]
    public void A_forward_must_not_return_its_input()
    {
        var (x, constant) = (Leaf(1), Tensor.From([1.0]));
        Assert.Multiple(() =>
        {
            Assert.That(() => Op.Apply(new ForwardOp(v => v), x), Throws.InvalidOperationException);
            Assert.That(() => Op.Apply(new ForwardOp(v => v), constant), Throws.InvalidOperationException);
        });
    }

    [Test]
    public void Nothing_is_recorded_where_gradients_are_off()
    {
        var x = Leaf(1);
        using (GradMode.No())
        {
            Assert.That(Square(x).RequiresGrad, Is.False);
            using (GradMode.Yes()) Assert.That(Square(x).RequiresGrad, Is.True);
            Assert.That(GradMode.IsEnabled, Is.False);
        }
        Assert.That(GradMode.IsEnabled, Is.True);
        Assert.That(Square(x).RequiresGrad, Is.True);
    }

    [Test]
    public void GradMode_belongs_to_its_thread()
    {
        using var no = GradMode.No();
        var elsewhere = false;
        var thread = new Thread(() => elsewhere = GradMode.IsEnabled);
        thread.Start();
        thread.Join();
        Assert.That(elsewhere, Is.True);
    }

    [Test]
    public void Inside_forward_and_backward_nothing_is_recorded()
    {
        bool forward = true, backward = true;
        var x = Leaf(1);
        Op.Apply(new ForwardOp(v =>
        {
            forward = GradMode.IsEnabled;
            return v.Clone();
        }, d =>
        {
            backward = GradMode.IsEnabled;
            return d;
        }), x).Backward();
        Assert.That(forward || backward, Is.False);
    }
}
