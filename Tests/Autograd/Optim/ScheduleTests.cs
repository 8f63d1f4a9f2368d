using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

public class ScheduleTests
{
    [Test]
    public void A_linear_schedule_ends_at_zero_and_stays_there()
    {
        var schedule = new LinearSchedule(4);
        Assert.That(Enumerable.Range(0, 7).Select(step => schedule.At(2, step)),
            Is.EqualTo([2, 1.5, 1, 0.5, 0, 0, 0.0]));
    }

    [Test]
    public void A_constant_schedule_does_not_change()
    {
        Assert.That(new ConstantSchedule().At(0.3, 1_000_000), Is.EqualTo(0.3));
    }

    [Test]
    public void Every_group_keeps_its_own_scale()
    {
        using var scope = Scope.Open();
        using var optimizer = new Sgd([new ParamGroup([Tensor.From([1f])], 8), new ParamGroup([Tensor.From([2f])])], 2);
        new StepSchedule(3, 0.5).Apply(optimizer, 7);
        Assert.That(optimizer.Groups.Select(g => (g.Lr, g.InitialLr)), Is.EqualTo([(2.0, 8.0), (0.5, 2.0)]));
    }

    [Test]
    public void Lengths_must_be_positive()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new StepSchedule(0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new LinearSchedule(0), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }
}
