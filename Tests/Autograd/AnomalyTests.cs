using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Autograd.Toys;

namespace Diffract.Tests.Autograd;

public class AnomalyTests
{
    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [Test]
    public void Names_the_operation_the_module_and_the_inputs_of_the_first_bad_result()
    {
        using var detect = Anomaly.Detect();
        using var outer = Anomaly.Enter("middle_block");
        using var inner = Anomaly.Enter("1");
        var x = Square(Leaf(1, -3));
        Assert.That(() => Square(Root(Op.Apply(new FormulaOp("minus", v => -v, (_, d) => -d), x))),
            Throws.TypeOf<AnomalyException>().With.Message.Contains("root in middle_block.1")
                .And.Message.Contains("2 NaN").And.Message.Contains("min -9, max -1, mean -5"));
    }

    [Test]
    public void Names_the_backward_in_which_a_bad_gradient_appears()
    {
        using var detect = Anomaly.Detect();
        Tensor y;
        using (Anomaly.Enter("head")) y = Total(Root(Square(Leaf(0, 4))));
        Assert.That(() => y.Backward(), Throws.TypeOf<AnomalyException>()
            .With.Message.Contains("backward of root in head").And.Message.Contains("1 infinite"));
    }

    [Test]
    public void Has_nothing_to_say_of_the_rest_where_there_is_none()
    {
        using var detect = Anomaly.Detect();
        Assert.That(() => Root(Leaf(-1)), Throws.TypeOf<AnomalyException>()
            .With.Message.Matches(@"result: \[1\], 1 NaN, 0 infinite(\r?\n|$)"));
    }

    [Test]
    public void Says_when_the_forward_was_not_watched()
    {
        var y = Total(Root(Leaf(0)));
        using var detect = Anomaly.Detect();
        Assert.That(() => y.Backward(), Throws.TypeOf<AnomalyException>().With.Message.Contains("outside Detect"));
    }

    [Test]
    public void Is_off_outside_its_section_and_on_other_threads()
    {
        var elsewhere = true;
        using (Anomaly.Detect())
        {
            var thread = new Thread(() => elsewhere = Anomaly.IsOn);
            thread.Start();
            thread.Join();
        }
        Assert.That(elsewhere || Anomaly.IsOn, Is.False);
        Assert.That(Root(Tensor.From([-1.0])).Item<double>(), Is.NaN);
    }

    [Test]
    public void Nothing_is_left_behind_after_a_find()
    {
        var blocks = Device.Cpu.Memory.LiveBlocks;
        using (Scope.Open())
        using (Anomaly.Detect())
        {
            var x = Leaf(-4, 4);
            Assert.That(() => Root(Square(Square(x)).Window([1], 0)), Throws.Nothing);
            Assert.That(() => Root(Same(x)), Throws.TypeOf<AnomalyException>());
        }
        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(blocks));
    }

    private static Tensor Root(Tensor x) =>
        Op.Apply(new FormulaOp("root", Math.Sqrt, (v, d) => d / (2 * Math.Sqrt(v))), x);
}
