using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Which runs of heads are compared, and which are not.</summary>
internal sealed class HeadRunTests
{
    private static readonly TrainRecipe given = new()
    {
        Epochs = 2,
        Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-3 },
    };

    private static readonly TrainRecipe searched = given with { Optimiser = OptimiserRecipe.Paper };

    [Test]
    public void Scores_of_different_images_or_draws_are_neither_ranked_nor_averaged_together()
    {
        string[] Lines(params EvaluationFile[] scores) => [.. HeadRunTable.Lines(
            [.. scores.Select((score, i) => Run($"run{i}", given with { Seed = (ulong)i }, 1e-3, score))])];

        var same = Lines(Score("b", 60), Score("b", 80));
        Assert.That(same[0], Does.EndWith("evaluated (95 %)"));
        Assert.That(same[1], Does.StartWith("run1 "));
        Assert.That(same[3], Does.StartWith("2 seeds of linear").And.EndsWith("; evaluated 70.0 ± 14.1 %"));

        var data = Lines(Score("b", 90), Score("a", 10), Score("a", 20));
        Assert.That(data[0], Does.EndWith("evaluated on"));
        Assert.That(data[1..4].Select(line => line.Split(' ')[0]), Is.EqualTo(new[] { "run2", "run1", "run0" }));
        Assert.That(data[1], Does.EndWith("a, 100 images"));
        Assert.That(data[4], Does.StartWith("3 seeds of linear").And.Contain("held out").And.Not.Contain("evaluated"));

        var draws = Lines(Score("b", 60), Score("b", 80) with { Draws = 4 });
        Assert.That(draws[2], Does.EndWith("b, 100 images, 4 draws"));
        Assert.That(draws[3], Does.Not.Contain("evaluated"));
    }

    [Test]
    public void Seeds_are_those_of_one_rate_given_or_found()
    {
        string[] Sets(params (TrainRecipe Recipe, double Rate)[] runs) => [.. HeadRunTable.Lines(
            [.. runs.Select((run, i) => Run($"run{i}", run.Recipe with { Seed = (ulong)i }, run.Rate, null))])
            .Skip(1 + runs.Length).Select(line => line.Split(' ')[0])];

        var other = given with { Optimiser = given.Optimiser with { LearningRate = 1e-2 } };
        Assert.Multiple(() =>
        {
            Assert.That(Sets((searched, 1e-3), (given, 1e-3), (given, 1e-3)), Is.EqualTo(new[] { "3" }), "a study's");
            Assert.That(Sets((searched, 1e-3), (searched, 1e-2), (searched, 1e-4)), Is.EqualTo(new[] { "3" }));
            Assert.That(Sets((searched, 3e-3), (given, 1e-3), (given, 1e-3)), Is.EqualTo(new[] { "2" }));
            Assert.That(Sets((given, 1e-3), (other, 1e-2)), Is.Empty);
        });
    }

    [Test]
    public void A_run_has_the_score_of_the_head_that_it_keeps_and_the_rate_that_it_found()
    {
        using var folder = new TemporaryFolder();
        var run = Work.Run(folder["runs/one"], searched, TrainRecipe.Json);
        File.WriteAllText(run.At("learning_rate.json"), """{ "learning_rate": 0.003, "tried": [] }""");
        using (var head = HeadFactory.Make(searched.Head, [new(3, 2, new MapSize(4, 4))], 1, 2))
        {
            head.Initialise(new Generator(1));
            Save();
            var score = new HeadScore(new ClassificationScore(["a", "b"]), 0.5);
            EvaluationFile.Save(EvaluationFile.PathOf(run.At("best.safetensors")), "photos", score, 1,
                DiffusionNetwork.Hash(run.At("best.safetensors")));
            var found = HeadRun.In(folder["runs"], Assert.Fail).Single();
            Assert.That((found.Evaluation?.Data, found.LearningRate), Is.EqualTo(("photos", 0.003)));
            head.Initialise(new Generator(2));
            Save();
            Assert.That(HeadRun.In(folder["runs"], Assert.Fail).Single().Evaluation, Is.Null, "it was the old head's");

            void Save() => HeadFile.Save(run.At("best.safetensors"), head, new HeadFileHeader
            {
                Head = searched.Head,
                Timesteps = [10],
                Blocks = [3],
                Maps = [[2, 4, 4]],
                Classes = ["a", "b"],
            });
        }
    }

    private static HeadRun Run(string name, TrainRecipe recipe, double rate, EvaluationFile? score) =>
        new(name, recipe, recipe.Epochs, 0.5, score, rate);

    private static EvaluationFile Score(string data, int right) => new()
    {
        Data = data,
        Images = 100,
        Top1 = right,
        Top5 = 100,
        Loss = 1,
        Draws = 1,
    };
}
