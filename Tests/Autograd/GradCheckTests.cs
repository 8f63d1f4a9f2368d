using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class GradCheckTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void Passes_what_is_right()
    {
        Tensor[] inputs = [Tensor.From([1.0, -2]), Tensor.From([0.5, 3])];
        Assert.That(() => GradCheck.Run(x => Product(Square(x[0]), x[1]), inputs), Throws.Nothing);
        Assert.That(() => GradCheck.Run(x => Total(Square(x)), Tensor.From([1.0, -2])), Throws.Nothing);
    }

    [TestCase(1.001)]
    [TestCase(0.0)]
    [TestCase(-1.0)]
    [TestCase(double.NaN)]
    public void Finds_a_wrong_factor(double factor)
    {
        var op = new FormulaOp("square", x => x * x, (x, d) => factor * 2 * x * d);
        Assert.That(() => GradCheck.Run(x => Op.Apply(op, x), Tensor.From([1.0, -2])),
            Throws.TypeOf<GradCheckException>().With.Message.Contains("element 0"));
    }

    [Test]
    public void Finds_a_single_wrong_element()
    {
        var op = new FormulaOp("square", x => x * x, (x, d) => x == 5 ? 0 : 2 * x * d);
        Assert.That(() => GradCheck.Run(x => Op.Apply(op, x), Tensor.From([1.0, -2, 5, 4])),
            Throws.TypeOf<GradCheckException>().With.Message.Contains("element 2"));
    }

    [Test]
    public void Finds_a_forgotten_input()
    {
        var op = new ForwardOp(x => Map(x, v => v * v), _ => Tensor.From([0.0, 0.0]));
        Tensor[] inputs = [Tensor.From([1.0, 2]), Tensor.From([3.0, 4])];
        Assert.That(() => GradCheck.Run(x => Add(x[0], Op.Apply(op, x[1])), inputs),
            Throws.TypeOf<GradCheckException>().With.Message.Contains("input 1"));
    }

    [Test]
    public void Finds_a_backward_that_changes_from_run_to_run()
    {
        var run = 0;
        var op = new FormulaOp("square", x => x * x, (x, d) => 2 * x * d * (1 + run++ * 1e-15));
        Assert.That(() => GradCheck.Run(x => Op.Apply(op, x), Tensor.From([1.0, -2, 5])),
            Throws.TypeOf<GradCheckException>().With.Message.Contains("other bits"));
    }

    [Test]
    public void Finds_a_gradient_that_ignores_the_upstream_one()
    {
        var op = new FormulaOp("square", x => x * x, (x, _) => 2 * x);
        Assert.That(() => GradCheck.Run(x => Op.Apply(op, x), Tensor.From([1.0, -2])),
            Throws.TypeOf<GradCheckException>());
    }

    [Test]
    public void Needs_double_precision()
    {
        Assert.That(() => GradCheck.Run(x => x.Clone(), Tensor.From([1f])), Throws.TypeOf<DTypeException>());
    }
}
