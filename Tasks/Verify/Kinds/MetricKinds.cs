using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Scores of features and of answers: neighbours, similarity of layers, regions.</summary>
internal static partial class MetricKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["knn"] = Knn,
        ["linear_cka"] = Cka,
        ["mean_iou"] = Iou,
    };

    private static void Knn(VerifyCase c)
    {
        var labels = c.Integers("train_labels");
        var truths = c.Integers("test_labels");
        var cases = c.Meta.Object("cases");
        foreach (var name in cases.Names.ToArray())
        {
            using var scope = Scope.Open();
            var settings = cases.Object(name);
            var (k, temperature) = (settings.Int("k"), settings.Number("temperature", 0.1));
            var divisor = settings.Number("divide_by", 1);
            var classes = c.Data[$"{name}.scores"].Shape.Int(1);
            using var knn = new WeightedKnn(c.Input("train_features") / divisor, labels, classes,
                settings.Flag("normalise", true));
            var found = knn.Nearest(c.Input("test_features") / divisor, k);
            var votes = knn.Votes(found, k, temperature);
            c.Check($"{name}.neighbours", found.Indices);
            c.Check($"{name}.scores", votes * (found.Similarities / temperature).Exp().Sum(1, keepDim: true));
            var few = c.Data[$"{name}.top5_pred"].Shape.Int(1);
            var ranked = votes.TopK(few).Indices.ToArray<long>();
            CheckRanks(c, $"{name}.top5_pred", ranked, Elements.Doubles(votes), few, classes);
            c.Check($"{name}.top1", Share(ranked, truths, few, 1));
            c.Check($"{name}.top5", Share(ranked, truths, few, few));
        }
    }

    /// <summary>Classes without a vote are in no order: one is as good as another.</summary>
    private static void CheckRanks(VerifyCase c, string name, long[] found, double[] votes, int few, int classes)
    {
        var expected = c.Integers(name);
        for (var i = 0; i < Math.Min(found.Length, expected.Length); i++)
        {
            double Vote(long label) => votes[i / few * classes + label];
            if (expected[i] >= 0 && expected[i] < classes && Vote(found[i]) == 0 && Vote(expected[i]) == 0)
                found[i] = expected[i];
        }
        c.Check(name, found);
    }

    private static ReadOnlySpan<double> Share(long[] ranked, long[] truths, int few, int first) => new[]
    {
        truths.Select((truth, i) => ranked.AsSpan(i * few, first).Contains(truth) ? 1.0 : 0).Average(),
    };

    /// <summary>Results are named after the two inputs they are of, one letter each.</summary>
    private static void Cka(VerifyCase c)
    {
        foreach (var name in c.Names.ToArray())
        {
            if (ResultName().Match(name) is not { Success: true } match) continue;
            var x = c.Input(match.Groups[2].Value);
            var y = c.Input(match.Groups[3].Value);
            var found = (match.Groups[1].Value, match.Groups[4].Value) switch
            {
                ("linear_cka_", "") => LinearCka.Of(x, y),
                ("linear_cka_", "_feature_form") => FeatureForm(x, y),
                ("minibatch_unbiased_cka_", "") =>
                    LinearCka.Of(x, y, CkaEstimator.Minibatch, c.Meta.Int("minibatch")),
                ("minibatch_unbiased_cka_", "_minmaxgram") =>
                    LinearCka.Of(x, y, CkaEstimator.MinibatchMinMax, c.Meta.Int("minibatch")),
                ("unbiased_hsic_", "_full") =>
                    Gram.Of(x, CkaEstimator.Minibatch).Hsic(Gram.Of(y, CkaEstimator.Minibatch)),
                _ => double.NaN,
            };
            if (double.IsNaN(found)) c.Fail(name, "there is no such estimator");
            else c.Check(name, [found]);
        }
    }

    /// <summary>The same number from products of features instead of images: |YᵀX|² / (|XᵀX| |YᵀY|).</summary>
    private static double FeatureForm(Tensor x, Tensor y)
    {
        x -= x.Mean(0, keepDim: true);
        y -= y.Mean(0, keepDim: true);
        return Square(y, x) / Math.Sqrt(Square(x, x) * Square(y, y));

        static double Square(Tensor a, Tensor b) =>
            Elements.Doubles(a.MatMul(b, transposeA: true)).Sum(value => value * value);
    }

    private static void Iou(VerifyCase c)
    {
        var score = new MeanIou(c.Data["iou"].Shape.Int(0), c.Meta.Int("ignore_index", 255));
        score.Add(c.Stored("pred"), c.Stored("target"));
        c.Check("intersection", [.. score.Intersections.Select(count => (double)count)]);
        c.Check("union", [.. score.Unions.Select(count => (double)count)]);
        c.Check("iou", [.. score.PerClass]);
        c.Check("miou", [score.Mean]);
    }

    [GeneratedRegex("^([a-z_]+_)([A-Z])([A-Z])(_.*|)$")]
    private static partial Regex ResultName();
}
