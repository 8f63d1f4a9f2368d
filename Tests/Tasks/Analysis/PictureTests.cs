using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Features as colours, and what a class token attends to.</summary>
internal sealed class PictureTests
{
    private Scope scope = null!;

    [SetUp]
    public void Open() => scope = Scope.Open();

    [TearDown]
    public void Close() => scope.Dispose();

    [Test]
    public void Principal_components_are_those_the_vectors_were_made_from()
    {
        var places = Tensor.Randn([500, 2], new Generator(1)) * Tensor.From<float>([5, 1], [1, 2]);
        var directions = Tensor.From<float>([0.6f, 0, 0.8f, 0, -1, 0], [2, 3]);
        var found = PrincipalComponents.Of(places.MatMul(directions) + 7, 3);
        Assert.That(Row(found.Directions, 0), Is.EqualTo(new[] { 0.6, 0, 0.8 }).Within(0.02));
        Assert.That(Row(found.Directions, 1), Is.EqualTo(new[] { 0.0, 1, 0 }).Within(0.05));
        Assert.That(found.Shares[0], Is.EqualTo(25.0 / 26).Within(0.02));
        Assert.That(found.Shares.Sum(), Is.EqualTo(1).Within(1e-5));
        Assert.That(Enumerable.Range(0, 500).Average(i => found.Scores[i, 0]), Is.EqualTo(0).Within(1e-4));

        static double[] Row(double[,] all, int row) => [.. Enumerable.Range(0, 3).Select(j => all[row, j])];
    }

    [Test]
    public void Equal_vectors_have_no_components()
    {
        var (pictures, shares) = FeatureColours.Components(Tensor.Ones([2, 3, 4, 5]));
        Assert.That(shares, Is.EqualTo(new double[3]));
        Assert.That(pictures, Has.Count.EqualTo(2));
        Assert.That(pictures.SelectMany(p => p.Pixels), Is.All.EqualTo(128));
        Assert.That((pictures[0].Width, pictures[0].Height), Is.EqualTo((4, 3)));
    }

    [Test]
    public void Weights_lie_over_the_picture_where_they_belong()
    {
        var covered = FeatureColours.Overlay(new Image(4, 4), new[,] { { 0, 0 }, { 0, 2.0 } });
        Assert.That(Enumerable.Range(0, 16).Select(i => covered.Pixels[3 * i] > 100),
            Is.EqualTo(Enumerable.Range(0, 16).Select(i => i / 4 > 1 && i % 4 > 1)));
    }

    [Test]
    public void A_class_tokens_attention_is_the_softmax_of_its_scores()
    {
        using var attention = new SelfAttention(8, 2, qkvBias: true);
        attention.Initialise(new Generator(1));
        var x = Tensor.Randn([3, 5, 8], new Generator(2));
        var state = attention.StateDict();
        var (weight, bias) = (state["qkv.weight"], state["qkv.bias"]);
        var qk = x.Linear(weight, bias);
        for (var head = 0; head < 2; head++)
        {
            var queries = qk.Slice(2, 4 * head, 4).Slice(1, 0, 1).Contiguous();
            var keys = qk.Slice(2, 8 + 4 * head, 4).Contiguous();
            var expected = (queries.MatMul(keys, transposeB: true) / 2).Softmax(-1).ToArray<float>();
            Assert.That(attention.FirstWeights(x).Select(1, head).Contiguous().ToArray<float>(),
                Is.EqualTo(expected).Within(1e-5));
        }
    }

    [Test]
    public void A_heads_attention_comes_back_as_maps_of_its_blocks()
    {
        FeatureInfo[] blocks = [new(2, 4, new MapSize(4, 4)), new(3, 6, new MapSize(2, 2))];
        using var head = new AttentionHead(blocks, 3,
            "Use_CLS_Token:True:8,Insert_CLS_Token,Attention:8:2:4:2,Extract_CLS_Token", pool: 3, timesteps: 2);
        head.Initialise(new Generator(1));
        head.Eval();
        FeatureMap[] Step(ulong seed) => [new(2, Tensor.Randn([2, 4, 4, 4], new Generator(seed))),
            new(3, Tensor.Randn([2, 2, 2, 6], new Generator(seed + 1)))];
        var found = head.ClassAttention(new FeatureMaps([Step(1), Step(3)]));
        for (var t = 0; t < 2; t++)
        {
            Assert.That(found[t].Select(m => m.Map.Shape),
                Is.EqualTo(new[] { Shape.Of(2, 3, 3, 2), Shape.Of(2, 2, 2, 2) }));
            var whole = (found[t][0].Map.Sum([1, 2]) + found[t][1].Map.Sum([1, 2])).ToArray<float>();
            Assert.That(whole, Is.All.InRange(0.3f, 0.9999f), "the class token's own share is what is left");
        }
        using var mean = new AttentionHead(blocks, 3, "Use_CLS_Token:False:8,Attention:8:2:4:1,FullyPool");
        mean.Initialise(new Generator(1));
        Assert.That(() => mean.ClassAttention(new FeatureMaps([Step(1)])), Throws.InvalidOperationException);
    }
}
