using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Linear CKA against its definitions, written out, and what it must not see.</summary>
internal sealed class CkaTests
{
    private const int Images = 12;

    private Scope scope = null!;

    [SetUp]
    public void Open() => scope = Scope.Open();

    [TearDown]
    public void Close() => scope.Dispose();

    private static Tensor Maps(Tensor rows) => rows.Reshape([rows.Shape[0], 1, rows.Shape[1], 1, 1]).Clone();

    private static Tensor Draw(int features, ulong seed, int images = Images) =>
        Tensor.Randn([images, features], new Generator(seed));

    [Test]
    public void A_turned_scaled_and_moved_layer_is_the_same_layer(
        [Values(CkaEstimator.Full, CkaEstimator.Minibatch)] CkaEstimator estimator)
    {
        var x = Draw(2, 1);
        var turned = x.MatMul(Tensor.From<float>([0.6f, -0.8f, 0.8f, 0.6f], [2, 2])) * 3 + 100;
        Assert.That(LinearCka.Of(x, turned, estimator, batch: 6), Is.EqualTo(1).Within(1e-5));
        Assert.That(LinearCka.Of(x, Draw(2, 2), estimator, batch: 6), Is.LessThan(0.8));
    }

    [Test]
    public void The_unbiased_estimate_is_its_published_formula()
    {
        var (x, y) = (Draw(5, 3), Draw(7, 4));
        double[] K(Tensor features)
        {
            var gram = Array.ConvertAll(features.MatMul(features, transposeB: true).ToArray<float>(), v => (double)v);
            for (var i = 0; i < Images; i++) gram[i * Images + i] = 0;
            return gram;
        }
        var (k, l) = (K(x), K(y));
        var (trace, mixed) = (0.0, 0.0);
        for (var i = 0; i < Images; i++)
            for (var j = 0; j < Images; j++)
            {
                trace += k[i * Images + j] * l[j * Images + i];
                for (var m = 0; m < Images; m++) mixed += k[i * Images + j] * l[j * Images + m];
            }
        double n = Images;
        var expected = (trace + k.Sum() * l.Sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * mixed) / (n * (n - 3));
        Assert.That(Gram.Of(x, CkaEstimator.Minibatch).Hsic(Gram.Of(y, CkaEstimator.Minibatch)),
            Is.EqualTo(expected).Within(1e-5));
    }

    [Test]
    public void Many_features_are_summed_part_by_part()
    {
        var x = Draw(9000, 5);
        var doubled = Tensor.Concat(1, x, x);
        Assert.That(LinearCka.Of(x, doubled), Is.EqualTo(1).Within(1e-6));
        Assert.That(Gram.Of(doubled, CkaEstimator.Full).Hsic(Gram.Of(doubled, CkaEstimator.Full)),
            Is.EqualTo(4 * Gram.Of(x, CkaEstimator.Full).Hsic(Gram.Of(x, CkaEstimator.Full))).Within(1e-4).Percent);
    }

    [Test]
    public void A_matrix_holds_every_pair([Values] CkaEstimator estimator)
    {
        const int batch = 6;
        Tensor[] layers = [Draw(3, 6), Draw(8, 7), Draw(4, 8)];
        var (square, tall) = (new CkaMatrix(estimator, 3), new CkaMatrix(estimator, 3, 2));
        for (var from = 0; from < Images; from += estimator == CkaEstimator.Full ? Images : batch)
        {
            Tensor[] part = [.. layers.Select(x =>
                x.Slice(0, from, estimator == CkaEstimator.Full ? Images : batch).Contiguous())];
            square.Add(part);
            tall.Add(part, part[1..]);
        }
        for (var i = 0; i < 3; i++)
            for (var j = 0; j < 3; j++)
            {
                var pair = LinearCka.Of(layers[i], layers[j], estimator, batch);
                Assert.That(square.Values[i, j], Is.EqualTo(pair).Within(1e-12));
                if (j > 0) Assert.That(tall.Values[i, j - 1], Is.EqualTo(pair).Within(1e-12));
            }
    }

    [Test]
    public void An_incomplete_batch_is_left_out()
    {
        var (x, y) = (Draw(3, 9), Draw(3, 10));
        Assert.That(LinearCka.Of(x, y, CkaEstimator.Minibatch, 5), Is.EqualTo(
            LinearCka.Of(x.Slice(0, 0, 10), y.Slice(0, 0, 10), CkaEstimator.Minibatch, 5)).Within(1e-12));
    }

    // Two layers that tell five classes apart and agree on little else: in batches of one class they would be
    // strangers.
    [TestCase(CkaEstimator.Minibatch)]
    [TestCase(CkaEstimator.MinibatchMinMax)]
    public void Batches_are_random_however_the_images_are_sorted(CkaEstimator estimator)
    {
        const int classes = 5, images = 200;
        Tensor Layer(int features, ulong seed)
        {
            var means = Tensor.Randn([classes, 1, features], new Generator(seed)) * 1.5;
            var own = Tensor.Randn([classes, images / classes, features], new Generator(seed + 1));
            return (own + means).Reshape([images, features]);
        }
        double Compare(Tensor x, Tensor y, CkaEstimator by, ulong seed)
        {
            using var table = new FeatureTable(new FeatureSpec([0], [1, 2]), [[Maps(x), Maps(y)]],
                new long[images], ["all"], [.. Enumerable.Range(0, images).Select(i => $"{i}")]);
            var recipe = new CkaRecipe
            {
                Features = new FeatureInput { Path = "memory", Seed = seed },
                Estimator = by,
                Batch = 40,
            };
            return new CkaTask(recipe, table, null, Device.Cpu).Run(RunProgress.None).Values[0][1];
        }
        var (x, y) = (Layer(32, 1), Layer(48, 3));
        var order = Tensor.From(new Generator(9).Permutation(images), [images]);
        var sorted = Compare(x, y, estimator, 0);
        var shuffled = Compare(x.IndexSelect(0, order), y.IndexSelect(0, order), estimator, 0);
        Assert.That(sorted, Is.EqualTo(shuffled).Within(0.03));
        if (estimator == CkaEstimator.Minibatch)
            Assert.That(sorted, Is.EqualTo(Compare(x, y, CkaEstimator.Full, 0)).Within(0.06));
        Assert.That(Compare(x, y, estimator, 0), Is.EqualTo(sorted), "the same seed, the same batches");
        Assert.That(Compare(x, y, estimator, 1), Is.Not.EqualTo(sorted).Within(1e-9));
        // As they come: what batches of a class would say.
        Assert.That(LinearCka.Of(x, y, estimator, 40), Is.Not.EqualTo(shuffled).Within(0.2));
    }

    [Test]
    public void More_images_than_a_matrix_can_be_made_of_are_refused_before_they_are_read()
    {
        using var table = new FeatureTable(new FeatureSpec([0], [1]), [[Tensor.Zeros([50_000, 1, 1, 1, 1])]],
            new long[50_000], ["all"], [.. Enumerable.Range(0, 50_000).Select(i => $"{i}")]);
        var recipe = new CkaRecipe { Features = new FeatureInput { Path = "memory" }, Images = 0 };
        Assert.That(() => new CkaTask(recipe, table, null, Device.Cpu).Run(RunProgress.None),
            Throws.TypeOf<DiffractException>().With.Message.Contains("46340 are possible: take fewer with --images"));
    }

    [Test]
    public void What_cannot_be_compared_is_refused()
    {
        Assert.That(() => LinearCka.Of(Draw(2, 1), Draw(2, 1, Images - 1)), Throws.TypeOf<ShapeException>());
        Assert.That(() => LinearCka.Of(Draw(2, 1), Draw(2, 2), CkaEstimator.Minibatch, 3),
            Throws.TypeOf<ShapeException>());
        Assert.That(() => LinearCka.Of(Draw(2, 1), Draw(2, 2), CkaEstimator.Minibatch, Images + 1),
            Throws.TypeOf<ShapeException>());
        var full = new CkaMatrix(CkaEstimator.Full, 1);
        full.Add([Draw(2, 1)]);
        Assert.That(() => full.Add([Draw(2, 1)]), Throws.TypeOf<ArgumentException>());
        Assert.That(double.IsNaN(LinearCka.Of(Tensor.Ones([4, 2]), Draw(2, 1, 4))), "the same of all images");
    }
}
