using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class MetricsTests
{
    [TestCase(15, 148, 0.0624, 0.1605, TestName = "Wilson's interval: 15 of 148, after Newcombe 1998, table I")]
    [TestCase(81, 263, 0.2553, 0.3662, TestName = "Wilson's interval: 81 of 263, after Newcombe 1998, table I")]
    [TestCase(0, 20, 0, 0.1611, TestName = "Wilson's interval: 0 of 20, after Newcombe 1998, table I")]
    [TestCase(1, 29, 0.0061, 0.1718, TestName = "Wilson's interval: 1 of 29, after Newcombe 1998, table I")]
    public void Wilson_interval(long successes, long trials, double low, double high)
    {
        var share = new Proportion(successes, trials);

        Assert.That(share.Low, Is.EqualTo(low).Within(6e-5));
        Assert.That(share.High, Is.EqualTo(high).Within(6e-5));
    }

    [Test]
    public void Intervals_stay_inside_zero_and_one_and_mirror()
    {
        Assert.That((new Proportion(0, 9).Low, new Proportion(9, 9).High), Is.EqualTo((0.0, 1.0)));
        Assert.That(new Proportion(2, 9).Low, Is.EqualTo(1 - new Proportion(7, 9).High).Within(1e-12));
        Assert.That((new Proportion(0, 0).Low, new Proportion(0, 0).High), Is.EqualTo((0.0, 1.0)));
        Assert.That(new Proportion(813, 1000).ToString(), Is.EqualTo("81.3 % (78.8 to 83.6), 813 of 1000"));
        Assert.That(new Proportion(0, 0).ToString(), Is.EqualTo("no trials"));
    }

    private static readonly string[] names = ["a", "b", "c", "d", "e", "f", "g"];

    [Test]
    public void Scores_are_counted_by_rank()
    {
        var score = new ClassificationScore(names);
        using var scores = Tensor.From<float>(
            [9, 8, 7, 6, 5, 4, 3, 9, 8, 7, 6, 5, 4, 3, 9, 8, 7, 6, 5, 4, 3], [3, 7]);
        using var labels = Tensor.From<long>(0, 4, 5);

        score.Add(scores, labels);

        Assert.That(score.Top1, Is.EqualTo(new Proportion(1, 3)));
        Assert.That(score.Top5, Is.EqualTo(new Proportion(2, 3)));
        Assert.That(score.Confusion[4, 0], Is.EqualTo(1));
        Assert.That(score.Confusion.PerClass[0], Is.EqualTo(new Proportion(1, 1)));
        Assert.That(score.Confusion.MeanPerClass, Is.EqualTo(1.0 / 3));
    }

    [Test]
    public void Equal_scores_favour_the_smaller_number()
    {
        var score = new ClassificationScore(names);
        using var scores = Tensor.From(new float[14], [2, 7]);
        using var labels = Tensor.From<long>(0, 6);

        score.Add(scores, labels);

        Assert.That(score.Top1.Successes, Is.EqualTo(1));
        Assert.That(score.Top5.Successes, Is.EqualTo(1));
    }

    [Test]
    public void Double_scores_and_views_count_alike()
    {
        var score = new ClassificationScore(["a", "b"]);
        using var wide = Tensor.From<double>([1, 2, 99, 4, 3, 99], [2, 3]);
        using var scores = wide.Window([2, 2], 0, [3, 1]);
        using var labels = Tensor.From<long>(1, 0);

        score.Add(scores, labels);

        Assert.That(score.Top1, Is.EqualTo(new Proportion(2, 2)));
    }

    [Test]
    public void What_cannot_be_scored_is_refused()
    {
        var score = new ClassificationScore(["a", "b"]);
        using var scores = Tensor.From<float>([1, 2], [1, 2]);
        using var broken = Tensor.From<float>([1, float.NaN], [1, 2]);
        using var outside = Tensor.From<long>(2);
        using var inside = Tensor.From<long>(1);
        using var two = Tensor.From<long>(1, 1);

        Assert.That(() => score.Add(scores, outside), Throws.TypeOf<DiffractException>()
            .With.Message.Contains("found 2"));
        Assert.That(() => score.Add(broken, inside), Throws.TypeOf<DiffractException>()
            .With.Message.Contains("'b' is NaN"));
        Assert.That(() => score.Add(scores, two), Throws.TypeOf<ShapeException>());
        Assert.That(score.Confusion.Total, Is.Zero);
    }

    [Test]
    public void Matrices_add_up()
    {
        var (first, second) = (new ConfusionMatrix(["a", "b"]), new ConfusionMatrix(["a", "b"]));
        first.Add(0, 1);
        second.Add(0, 1);
        second.Add(1, 1);

        first.Add(second);

        Assert.That((first[0, 1], first[1, 1], first.Total, first.RowTotal(0)), Is.EqualTo((2L, 1L, 3L, 2L)));
        Assert.That(() => first.Add(new ConfusionMatrix(["a"])), Throws.TypeOf<ArgumentException>());
    }
}
