using System.Globalization;
using System.Text.Json;
using Diffract.Engine;
using Diffract.Tests.House;
using NUnit.Framework;

namespace Diffract.Tests.Engine;

/// <summary>Numbers that PyTorch itself drew on a CPU.</summary>
public class TorchGeneratorTests
{
    public static IEnumerable<TestCaseData> Drawn
    {
        get
        {
            var path = Path.Combine(Source.Root, "Tests", "Engine", "Random", "torch-randn.json");
            foreach (var drawn in JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("cases")
                .EnumerateArray())
            {
                var seed = ulong.Parse(drawn.GetProperty("seed").GetString()!, CultureInfo.InvariantCulture);
                yield return new TestCaseData(seed, drawn).SetArgDisplayNames(
                    $"seed {seed}, {drawn.GetProperty("counts")}");
            }
        }
    }

    [TestCaseSource(nameof(Drawn))]
    public void They_are_the_same_here(ulong seed, JsonElement drawn)
    {
        var generator = new TorchGenerator(seed);
        int[] counts = [.. drawn.GetProperty("counts").EnumerateArray().Select(c => c.GetInt32())];
        float[][] found = [.. counts.Select(generator.Normal)];
        float[] Numbers(JsonElement of) => [.. of.EnumerateArray().Select(v => v.GetSingle())];
        if (drawn.TryGetProperty("normal", out var all))
            foreach (var (mine, theirs) in found.Zip(all.EnumerateArray()))
                Assert.That(mine, Is.EqualTo(Numbers(theirs)).Within(1e-6));
        else
        {
            var tail = Numbers(drawn.GetProperty("tail"));
            Assert.That(found[0][^tail.Length..], Is.EqualTo(tail).Within(1e-6));
            float[] uniform = [.. tail.Take(12).Select(_ => generator.NextUniform())];
            Assert.That(uniform, Is.EqualTo(Numbers(drawn.GetProperty("uniform"))));
        }
    }

    // The last number of the check in the algorithm's paper: the 10,000th of seed 5489.
    [Test]
    public void The_twister_is_the_published_one()
    {
        var generator = new TorchGenerator(5489);
        for (var i = 1; i < 10_000; i++) generator.NextBits();
        Assert.That(generator.NextBits(), Is.EqualTo(4123659995u));
    }
}
