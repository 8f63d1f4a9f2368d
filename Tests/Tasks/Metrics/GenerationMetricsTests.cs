using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Distances of sets of features against closed forms, their definitions written out, and numbers that NumPy
/// gave for the same sets.</summary>
internal sealed class GenerationMetricsTests
{
    private Scope scope = null!;

    [SetUp]
    public void Open() => scope = Scope.Open();

    [TearDown]
    public void Close() => scope.Dispose();

    [Test]
    public void Frechet_distances_are_those_of_numpy()
    {
        // By eigenvalues of S1^½ S2 S1^½; and, where rank is lacking, by the singular values of the centred products.
        Assert.That(FrechetDistance.Between(Left(40, 12), Right(30, 12)), Is.EqualTo(0.6182825448177).Within(1e-12));
        Assert.That(FrechetDistance.Between(Right(30, 12), Left(40, 12)), Is.EqualTo(0.6182825448177).Within(1e-12));
        Assert.That(FrechetDistance.Between(Left(9, 20), Right(14, 20)), Is.EqualTo(5.634554313606).Within(1e-11));
    }

    [Test]
    public void Features_that_are_there_twice_double_the_distance_though_the_covariance_lacks_rank()
    {
        static Tensor Twice(Tensor x) => Tensor.Concat(1, x, x);
        Assert.That(FrechetDistance.Between(Twice(Left(40, 12)), Twice(Right(30, 12))),
            Is.EqualTo(2 * 0.6182825448177).Within(1e-8));
        Assert.That(FrechetDistance.Between(Twice(Left(9, 20)), Twice(Right(14, 20))),
            Is.EqualTo(2 * 5.634554313606).Within(1e-8));
    }

    [TestCase(50, 4)]
    [TestCase(5, 30)]
    public void A_stretched_and_moved_set_is_as_far_as_the_formula_says(int images, int features)
    {
        // S₂ = 9 S₁, so the root is 3 S₁ and the traces are Tr S₁ (1 + 9 - 6).
        var x = Left(images, features);
        var moved = x * 3 + Tensor.Full([features], 0.5, DType.Float64);
        var (mean, trace) = (x.Mean(0), 0.0);
        var moments = FeatureMoments.Of(x);
        for (var j = 0; j < features; j++) trace += moments.Covariance[j * features + j];
        var apart = Elements.Doubles((2 * mean + 0.5).Pow(2).Sum())[0];
        Assert.That(FrechetDistance.Between(x, moved), Is.EqualTo(apart + 4 * trace).Within(1e-10));
        Assert.That(FrechetDistance.Between(x, x), Is.Zero.Within(1e-10));
        Assert.That(FrechetDistance.Between(x, x.To(DType.Float32)), Is.Zero.Within(1e-6));
    }

    [Test]
    public void Sets_without_spread_are_as_far_as_their_means()
    {
        var x = Tensor.Ones([3, 4]);
        Assert.That(FrechetDistance.Between(x, x * 3), Is.EqualTo(16).Within(1e-12));
        Assert.That(FrechetDistance.Between(x, Left(5, 4).To(DType.Float32)), Is.GreaterThan(1));
        Assert.That(() => FrechetDistance.Between(x, Left(5, 3)), Throws.TypeOf<ShapeException>());
        Assert.That(() => FeatureMoments.Of(Tensor.Ones([1, 4])), Throws.TypeOf<ShapeException>());
        Assert.That(() => FeatureMoments.Of(Tensor.Ones([2, 16385])), Throws.TypeOf<ShapeException>()
            .With.Message.Contains("average maps to a smaller side"));
    }

    [Test]
    public void Moments_of_more_rows_than_are_read_at_once_are_those_of_all()
    {
        var x = Tensor.Randn([5000, 3], new Generator(1)) + 100;
        var moments = FeatureMoments.Of(x);
        var rows = Elements.Doubles(x);
        double Mean(int j) => Enumerable.Range(0, 5000).Average(i => rows[3 * i + j]);
        for (var j = 0; j < 3; j++)
            for (var k = 0; k < 3; k++)
                Assert.That(moments.Covariance[3 * j + k], Is.EqualTo(Enumerable.Range(0, 5000)
                    .Sum(i => (rows[3 * i + j] - Mean(j)) * (rows[3 * i + k] - Mean(k))) / 4999).Within(1e-10));
    }

    [Test]
    public void A_kernel_distance_of_whole_sets_is_that_of_numpy()
    {
        var found = KernelDistance.Between(Left(30, 12), Right(30, 12), subsets: 3, size: 30);
        Assert.That(found.Mean, Is.EqualTo(-0.09687080839087).Within(1e-12));
        Assert.That(found.Deviation, Is.Zero.Within(1e-12), "all subsets are the whole");
        Assert.That(KernelDistance.Between(Left(30, 12).To(DType.Float32), Right(30, 12).To(DType.Float32), 1, 30).Mean,
            Is.EqualTo(-0.09687080839087).Within(1e-6));
    }

    [Test]
    public void A_kernel_distance_is_unbiased_and_depends_on_its_seed_alone()
    {
        var (x, y) = (Tensor.Randn([400, 3], new Generator(1)), Tensor.Randn([300, 3], new Generator(2)));
        var near = KernelDistance.Between(x, y);
        Assert.That((near.Subsets, near.Size), Is.EqualTo((100, 150)));
        Assert.That(near.Mean, Is.EqualTo(0).Within(3 * near.Deviation));
        Assert.That(near.Deviation, Is.InRange(0.001, 0.2));
        Assert.That(KernelDistance.Between(x, y), Is.EqualTo(near));
        Assert.That(KernelDistance.Between(x, y, seed: 1), Is.Not.EqualTo(near));
        // E (x·y / 3 + 1)³ in closed form for a mean of 1 each against 0: independent x, y with E x = μ.
        var far = KernelDistance.Between(x + 1, y);
        Assert.That(far.Mean, Is.EqualTo(Expected()).Within(15).Percent);
        Assert.That(() => KernelDistance.Between(x, y, size: 301), Throws.TypeOf<ShapeException>());
        Assert.That(() => KernelDistance.Between(x, Left(9, 2)), Throws.TypeOf<ShapeException>());

        // With s = x·y / 3: k = 1 + 3 s + 3 s² + s³. For means 1, 1: E s = 1, E s² = 9/9 + 2·3/9 + 3/9, and so on.
        static double Expected() => Cubic(1, 1) + Cubic(0, 0) - 2 * Cubic(1, 0);
        static double Cubic(double a, double b)
        {
            // One coordinate p = x y of N(a, 1) and N(b, 1): its first three moments. Three of them are summed.
            double first = a * b, second = (a * a + 1) * (b * b + 1), third = (a * a * a + 3 * a) * (b * b * b + 3 * b);
            var two = 3 * second + 6 * first * first;
            var three = 3 * third + 18 * second * first + 6 * first * first * first;
            return 1 + 3 * first + 3 * two / 9 + three / 27;
        }
    }

    [TestCase(3, 29, 40)]
    [TestCase(1, 28, 39)]
    public void Precision_and_recall_are_those_of_all_distances(int k, int precision, int recall)
    {
        var found = PrecisionRecall.Of(Left(40, 12), Right(30, 12), k);
        Assert.That(found.Precision, Is.EqualTo(new Proportion(precision, 30)));
        Assert.That(found.Recall, Is.EqualTo(new Proportion(recall, 40)));
        Assert.That(PrecisionRecall.Of(Left(40, 12).To(DType.Float32), Right(30, 12).To(DType.Float32), k),
            Is.EqualTo(found));
    }

    [Test]
    public void A_GPUs_kernels_find_what_the_CPU_does()
    {
        var sim = new SimDevice();
        var (x, y) = (Left(14, 3).To(DType.Float32), Right(10, 3).To(DType.Float32));
        Assert.That(PrecisionRecall.Of(x.To(sim), y.To(sim), 2), Is.EqualTo(PrecisionRecall.Of(x, y, 2)));
        Assert.That(KernelDistance.Between(x.To(sim), y.To(sim), 2, 6).Mean,
            Is.EqualTo(KernelDistance.Between(x, y, 2, 6).Mean).Within(1e-5));
        Assert.That(FrechetDistance.Between(x.To(sim), y.To(sim)), Is.EqualTo(FrechetDistance.Between(x, y)));
    }

    [Test]
    public void Copies_are_precise_and_what_is_far_is_not()
    {
        var x = Tensor.Randn([300, 5], new Generator(3)) + 1000;
        var same = PrecisionRecall.Of(x, x.Slice(0, 0, 100).Contiguous());
        Assert.That(same.Precision, Is.EqualTo(new Proportion(100, 100)));
        var far = PrecisionRecall.Of(x, x + 50);
        Assert.That((far.Precision.Successes, far.Recall.Successes), Is.EqualTo((0L, 0L)));
        // A narrow set inside a wide one is real but not all there is.
        var narrow = PrecisionRecall.Of(x, 1000 + 0.05 * Tensor.Randn([300, 5], new Generator(4)));
        Assert.That(narrow.Precision.Value, Is.EqualTo(1));
        Assert.That(narrow.Recall.Value, Is.LessThan(0.1));
        Assert.That(() => PrecisionRecall.Of(x, x.Slice(0, 0, 3)), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void Nearest_rows_are_those_of_all_distances_over_blocks_and_chunks()
    {
        const int many = 70_000, k = 3;
        var rows = Tensor.Randn([many, 2], new Generator(1));
        // An exact copy of the first query in the second chunk, and one nearly so in the first.
        var queries = Tensor.Concat(0, Tensor.From([40f, 30], [1, 2]), Tensor.Randn([600, 2], new Generator(2)));
        rows.Slice(0, 69_999, 1).Assign(queries.Slice(0, 0, 1));
        rows.Slice(0, 7, 1).Assign(queries.Slice(0, 0, 1) + 0.001);
        using var known = new NearestRows(rows);
        var found = known.Of(queries, k);
        var (all, asked) = (rows.ToArray<float>(), queries.ToArray<float>());
        foreach (var q in (int[])[0, 1, 255, 256, 600])
        {
            double Squared(int i) => Math.Pow((double)all[2 * i] - asked[2 * q], 2)
                + Math.Pow((double)all[2 * i + 1] - asked[2 * q + 1], 2);
            var best = Enumerable.Range(0, many).OrderBy(Squared).Take(k).ToArray();
            Assert.That(found[q].Select(near => near.Index), Is.EqualTo(best));
            Assert.That(found[q].Select(near => near.Squared), Is.EqualTo(best.Select(Squared)).Within(1e-4).Percent
                .Or.EqualTo(best.Select(Squared)).Within(1e-6));
        }
        Assert.That(found[0][0].Index, Is.EqualTo(69_999));
        Assert.That(found[0][0].Squared, Is.LessThan(1e-10), "a copy is no distance away");
    }

    [Test]
    public void No_image_is_its_own_neighbour()
    {
        using var known = new NearestRows(Tensor.From([0f, 1, 3, 3, 3], [5, 1]));
        var found = known.OfEachOther(2);
        Assert.That(found.Select(near => Math.Sqrt(near[0].Squared)), Is.EqualTo(new double[] { 1, 1, 0, 0, 0 })
            .Within(1e-6));
        Assert.That(found.Select((near, i) => near.All(one => one.Index != i)), Is.All.True);
        Assert.That(found.Select(near => Math.Sqrt(near[1].Squared)), Is.EqualTo(new double[] { 3, 2, 0, 0, 0 })
            .Within(1e-6));
    }

    private static Tensor Left(int images, int features) => Waves(images, features, 1.3, 0.7, 0.05);

    private static Tensor Right(int images, int features) => Waves(images, features, 0.9, 0.4, 0.03);

    private static Tensor Waves(int images, int features, double a, double b, double c) => Tensor.From(
        Enumerable.Range(0, images * features).Select(at => (I: at / features, J: at % features))
            .Select(at => Math.Sin(a * at.I + b * at.J + 0.11 * at.I * at.J) + c * at.J).ToArray(),
        [images, features]);
}
