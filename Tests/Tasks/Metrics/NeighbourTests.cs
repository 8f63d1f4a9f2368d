using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Nearest neighbours and intersection over union.</summary>
internal sealed class NeighbourTests
{
    private Scope scope = null!;

    [SetUp]
    public void Open() => scope = Scope.Open();

    [TearDown]
    public void Close() => scope.Dispose();

    private static readonly float[] four = [1, 0, 0, 2, 0, 1, 3, 0];

    [Test]
    public void Of_equals_the_first_comes_first()
    {
        using var knn = new WeightedKnn(Tensor.From(four, [4, 2]), [0L, 1, 2, 3], 4);
        var found = knn.Nearest(Tensor.From<float>([5, 0], [1, 2]), 9);
        Assert.That(found.Indices.ToArray<long>(), Is.EqualTo(new long[] { 0, 3, 1, 2 }));
        Assert.That(found.Similarities.ToArray<float>(), Is.EqualTo(new[] { 1f, 1, 0, 0 }).Within(1e-6));
        using var dot = new WeightedKnn(Tensor.From(four, [4, 2]), [0L, 1, 2, 3], 4, cosine: false);
        Assert.That(dot.Nearest(Tensor.From<float>([5, 0], [1, 2]), 2).Indices.ToArray<long>(),
            Is.EqualTo(new long[] { 3, 0 }));
    }

    [Test]
    public void Votes_are_weighted_and_do_not_overflow()
    {
        using var knn = new WeightedKnn(Tensor.From(four, [4, 2]) * 1000, [0L, 1, 1, 0], 3, cosine: false);
        var found = knn.Nearest(Tensor.From<float>([1, 1], [1, 2]) * 1000, 3);
        Assert.That(knn.Votes(found, 3, 0.1).ToArray<float>(), Is.EqualTo(new[] { 1f, 0, 0 }));
        // exp(0), exp(-1) and exp(-2) of their sum; the second nearest is of class 1.
        var even = knn.Votes(found, 3, 1e6).ToArray<float>();
        var weights = new[] { 1, Math.Exp(-1), Math.Exp(-2) };
        Assert.That(even[1], Is.EqualTo(weights[1] / weights.Sum()).Within(1e-6));
        Assert.That(even.Sum(), Is.EqualTo(1).Within(1e-6));
    }

    [Test]
    public void Chunks_of_many_training_images_give_what_one_would()
    {
        const int many = 70_000, k = 5;
        var train = Tensor.Randn([many, 2], new Generator(1));
        // The same direction in both chunks: the first of equals is in the first.
        foreach (var at in (int[])[7, 69_999]) train.Slice(0, at, 1).Assign(Tensor.From<float>([30, 40], [1, 2]));
        using var knn = new WeightedKnn(train, new long[many], 1, cosine: false);
        var test = Tensor.Concat(0, Tensor.From<float>([3, 4], [1, 2]), Tensor.Randn([2, 2], new Generator(2)));
        var found = knn.Nearest(test, k);
        var (values, indices) = test.MatMul(train, transposeB: true).TopK(k);
        Assert.That(found.Indices.ToArray<long>(), Is.EqualTo(indices.ToArray<long>()));
        Assert.That(found.Indices.ToArray<long>()[..2], Is.EqualTo(new long[] { 7, 69_999 }));
        Assert.That(found.Similarities.ToArray<float>(), Is.EqualTo(values.ToArray<float>()));
    }

    [Test]
    public void Wrong_labels_are_refused()
    {
        var features = Tensor.From(four, [4, 2]);
        Assert.That(() => new WeightedKnn(features, [0L, 1, 2], 3), Throws.TypeOf<ShapeException>());
        Assert.That(() => new WeightedKnn(features, [0L, 1, 2, 3], 3), Throws.TypeOf<DiffractException>());
    }

    [Test]
    public void Regions_are_counted_over_all_pictures()
    {
        var score = new MeanIou(3);
        score.Add(Tensor.From<long>(0, 0, 1, 2), Tensor.From<long>(0, 1, 1, 255));
        score.Add(Tensor.From<long>(0), Tensor.From<long>(0));
        Assert.That(score.Intersections, Is.EqualTo(new long[] { 2, 1, 0 }));
        Assert.That(score.Unions, Is.EqualTo(new long[] { 3, 2, 0 }));
        Assert.That(score.PerClass, Is.EqualTo(new[] { 2.0 / 3, 0.5, double.NaN }));
        Assert.That(score.Mean, Is.EqualTo(7.0 / 12).Within(1e-12));
        Assert.That(() => score.Add(Tensor.From<long>(3), Tensor.From<long>(0)), Throws.TypeOf<DiffractException>());
        Assert.That(() => score.Add(Tensor.From<long>(0), Tensor.From<long>(0, 1)), Throws.TypeOf<ShapeException>());
        Assert.That(score.Unions, Is.EqualTo(new long[] { 3, 2, 0 }), "a refused picture counts nothing");
    }
}
