using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class GradientsOfTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope()
    {
        scope = Scope.Open();
        ProductOp.Calculated.Clear();
    }

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void Returns_gradients_and_leaves_Grad_alone()
    {
        var (a, b) = (Leaf(2, 3), Leaf(5, 7));
        var gradients = Total(Product(a, b)).GradientsOf([b, a]);
        Assert.Multiple(() =>
        {
            Assert.That(gradients[0]!.ToArray<double>(), Is.EqualTo([2.0, 3.0]));
            Assert.That(gradients[1]!.ToArray<double>(), Is.EqualTo([5.0, 7.0]));
            Assert.That(a.Grad ?? b.Grad, Is.Null);
        });
    }

    [Test]
    public void Calculates_only_what_leads_to_the_inputs()
    {
        var (x, w, v) = (Leaf(2), Leaf(3), Leaf(4));
        var hidden = Product(x, w);
        var y = Total(Product(hidden, v));
        var gradient = y.GradientsOf([x])[0]!;
        Assert.Multiple(() =>
        {
            Assert.That(gradient.Item<double>(), Is.EqualTo(12));
            // Of (hidden, v) the first, of (x, w) the first: weights cost nothing.
            Assert.That(ProductOp.Calculated, Is.EqualTo([0, 0]));
        });
    }

    [Test]
    public void Stops_at_inputs_that_nothing_below_leads_to()
    {
        var (x, w) = (Leaf(2), Leaf(3));
        var side = Product(w, w);
        var y = Total(Product(x, side));
        y.GradientsOf([x]);
        Assert.That(ProductOp.Calculated, Is.EqualTo([0]));
    }

    [Test]
    public void Takes_intermediate_results_too()
    {
        var x = Leaf(3);
        var middle = Square(x);
        var gradients = Total(Square(middle)).GradientsOf([middle, x]);
        Assert.That(gradients.Select(g => g!.Item<double>()), Is.EqualTo([18.0, 18.0 * 6]));
    }

    [Test]
    public void Is_null_where_the_result_does_not_depend_on_an_input()
    {
        var (x, other) = (Leaf(3), Leaf(4));
        var gradients = Total(Square(x)).GradientsOf([other, x]);
        Assert.Multiple(() =>
        {
            Assert.That(gradients[0], Is.Null);
            Assert.That(gradients[1]!.Item<double>(), Is.EqualTo(6));
        });
    }

    [Test]
    public void Needs_inputs_that_require_a_gradient()
    {
        var y = Total(Square(Leaf(3)));
        Assert.That(() => y.GradientsOf([Tensor.From([1.0])]), Throws.InvalidOperationException
            .With.Message.Contains("RequiresGrad"));
    }

    [Test]
    public void Belongs_to_the_callers_scope()
    {
        var x = Leaf(3);
        Tensor gradient;
        using (Scope.Open()) gradient = Total(Square(x)).GradientsOf([x])[0]!;
        Assert.That(gradient.IsDisposed, Is.True);
    }

    [Test]
    public void Can_run_before_a_backward_that_wants_everything()
    {
        var (x, w) = (Leaf(2), Leaf(3));
        var y = Total(Product(x, w));
        y.GradientsOf([x], retainGraph: true);
        y.Backward();
        Assert.That((x.Grad!.Item<double>(), w.Grad!.Item<double>()), Is.EqualTo((3.0, 2.0)));
    }

    [Test]
    public void Reaches_parameters_inside_a_recomputed_part_and_no_others()
    {
        var (x, w, v) = (Leaf(2), Leaf(3), Leaf(5));
        var y = Total(Recompute.Run(i => Product(Product(i[0], w), v), [x]));
        var gradients = y.GradientsOf([x, w]);
        Assert.Multiple(() =>
        {
            Assert.That(gradients.Select(g => g!.Item<double>()), Is.EqualTo([15.0, 10.0]));
            Assert.That(x.Grad ?? w.Grad ?? v.Grad, Is.Null);
        });
    }
}
