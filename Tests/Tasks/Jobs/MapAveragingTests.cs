using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

internal sealed class MapAveragingTests
{
    [Test]
    public void Only_what_is_larger_is_averaged_each_direction_by_itself()
    {
        using var scope = Scope.Open();
        var map = Tensor.From([.. Enumerable.Range(0, 8).Select(i => (float)i)], [1, 2, 4, 1]);
        Assert.That(map.AveragedToAtMost(2).ToArray<float>(), Is.EqualTo(new[] { 0.5f, 2.5f, 4.5f, 6.5f }));
        Assert.That(map.AveragedToAtMost(1).ToArray<float>(), Is.EqualTo(new[] { 3.5f }));
        foreach (var side in (int[])[0, 4, 9]) Assert.That(map.AveragedToAtMost(side), Is.SameAs(map));
        Assert.That(new MapSize(2, 4).AtMost(3), Is.EqualTo(new MapSize(2, 3)));
        Assert.That(new MapSize(2, 4).AtMost(0), Is.EqualTo(new MapSize(2, 4)));
    }
}
