using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Layer strings: what they build, and what is refused.</summary>
[TestFixture]
internal sealed class AttentionStackTests
{
    [Test]
    public void The_published_head_has_the_published_number_of_parameters([Values(1, 2, 4)] int layers)
    {
        // One transformer layer 12,593,152; tokeniser of block 24 524,288 + 1,049,600; CLS 1,024; classifier 1,025 K.
        using var head = new AttentionHead([new FeatureInfo(24, 1024, new MapSize(16, 16))], 1000,
            $"Use_CLS_Token:True:1024,Insert_CLS_Token,Attention:1024:8:4:{layers},Extract_CLS_Token");
        Assert.That(head.ParameterCount, Is.EqualTo(layers * 12_593_152 + 524_288 + 1_049_600 + 1_024 + 1_025_000));
    }

    [Test]
    public void DifFormer_has_the_published_number_of_parameters()
    {
        FeatureInfo[] blocks = [new(19, 1024, new MapSize(8, 8)), new(24, 1024, new MapSize(16, 16)),
            new(30, 512, new MapSize(64, 64))];
        using var head = new AttentionHead(blocks, 50, timesteps: 3);
        Assert.That(head.ParameterCount, Is.EqualTo(28_882_994));
        Assert.That(head.State().Select(p => p.Name), Does.Contain("pre_layer.30.1.weight")
            .And.Contain("intra_inter_block_attention.layers.2.mlp.fc2.bias").And.Contain("head.weight"));
    }

    [Test]
    public void Words_become_numbered_layers()
    {
        using var stack = new AttentionStack("Use_CLS_Token:True:8,Pool:2:2,Reshape,Insert_CLS_Token,Attention:8:2:4:2,"
            + "Extract_CLS_Token,Dense:8:6:relu,Dense:6:5:identity", [4, 6, 8]);
        Assert.Multiple(() =>
        {
            Assert.That(stack.OutShape, Is.EqualTo(Shape.Of(5)));
            Assert.That(stack.NamedModules().Select(m => m.Path).Where(p => p.Split('.') is ["layers", _]),
                Is.EqualTo(new[] { "layers.3", "layers.4", "layers.6", "layers.8" }));
        });
    }

    [Test]
    public void Maps_are_pooled_reshaped_and_flattened_as_pytorch_does()
    {
        using var scope = Scope.Open();
        var map = Tensor.From([.. Enumerable.Range(0, 16).Select(i => (float)i)], [1, 2, 4, 2]);
        using var flat = new AttentionStack("Flatten", [2, 4, 2]);
        using var pooled = new AttentionStack("Pool:2:2,Reshape,FullyPool", [2, 4, 2]);
        using var tokens = new AttentionStack("Reshape,Flatten", [2, 4, 2]);
        Assert.Multiple(() =>
        {
            Assert.That(flat.Forward(map).ToArray<float>(),
                Is.EqualTo(new float[] { 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15 }));
            Assert.That(pooled.Forward(map).ToArray<float>(), Is.EqualTo(new float[] { 7, 8 }));
            Assert.That(tokens.Forward(map).ToArray<float>(), Is.EqualTo(map.ToArray<float>()));
        });
    }

    [TestCase("relu", 0f, 2f)]
    [TestCase("identity", -2f, 2f)]
    [TestCase("tanh", -0.9640276f, 0.9640276f)]
    [TestCase("sigmoid", 0.1192029f, 0.8807971f)]
    public void Dense_layers_end_with_their_activation(string activation, float low, float high)
    {
        using var scope = Scope.Open();
        using var stack = new AttentionStack($"FullyPool,Dense:1:2:{activation}", [1, 1]);
        stack.LoadStateDict(new Dictionary<string, Tensor>
        {
            ["layers.1.weight"] = Tensor.From([-2f, 2], [2, 1]),
            ["layers.1.bias"] = Tensor.Zeros([2]),
        });
        var y = stack.Forward(Tensor.Ones([1, 1, 1])).ToArray<float>();
        Assert.That(y, Is.EqualTo(new[] { low, high }).Within(1e-6));
    }

    [TestCase("FullPool", "unknown layer word 'FullPool'")]
    [TestCase("Attention:8:2:4", "takes 4 values, found 3")]
    [TestCase("Attention:8:two:4:1", "'two' is not a positive whole number")]
    [TestCase("Attention:16:2:4:1", "takes 16 channels")]
    [TestCase("Attention:8:3:4:1", "cannot be divided into 3 heads")]
    [TestCase("Insert_CLS_Token", "needs a Use_CLS_Token")]
    [TestCase("Use_CLS_Token:Maybe:8", "neither True nor False")]
    [TestCase("Use_CLS_Token:True:4,Insert_CLS_Token", "the CLS token has 4 channels")]
    [TestCase("Pool:2:2", "takes a map")]
    [TestCase("FullyPool,Extract_CLS_Token", "takes tokens")]
    [TestCase("Dense:8:2:swish", "unknown activation 'swish'")]
    [TestCase(" , ", "empty")]
    public void What_cannot_be_built_is_refused_by_name(string layers, string message) =>
        Assert.That(() => new AttentionStack(layers, [5, 8]), Throws.ArgumentException.With.Message.Contains(message));

    [Test]
    public void A_head_needs_the_width_and_an_end()
    {
        FeatureInfo[] blocks = [new(1, 32, new MapSize(4, 4))];
        Assert.Multiple(() =>
        {
            Assert.That(() => new AttentionHead(blocks, 10, "Attention:8:2:4:1,FullyPool"),
                Throws.ArgumentException.With.Message.Contains("Use_CLS_Token"));
            Assert.That(() => new AttentionHead(blocks, 10, "Use_CLS_Token:True:8,Attention:8:2:4:1"),
                Throws.ArgumentException.With.Message.Contains("FullyPool"));
        });
    }

    [Test]
    public void A_head_refuses_maps_it_was_not_made_for()
    {
        using var scope = Scope.Open();
        using var head = new LinearHead(new FeatureInfo(3, 32, new MapSize(4, 4)), 10);
        head.Initialise(new Generator(0));
        Assert.That(() => head.Forward(new FeatureMaps(4, Tensor.Ones([1, 4, 4, 32]))),
            Throws.ArgumentException.With.Message.Contains("takes blocks 3"));
    }

    [Test]
    public void A_block_in_both_passes_has_one_tokeniser()
    {
        using var scope = Scope.Open();
        FeatureInfo block = new(3, 32, new MapSize(4, 4));
        using var head = new AttentionHead([block, block], 10, "Use_CLS_Token:True:8,Attention:8:2:4:1,FullyPool");
        head.Initialise(new Generator(0));
        var (a, b) = (Tensor.Randn([1, 4, 4, 32], new Generator(1)), Tensor.Randn([1, 4, 4, 32], new Generator(2)));
        var logits = head.Forward(new FeatureMaps([[new(3, a), new(3, b)]]));
        Assert.That(logits.Shape, Is.EqualTo(Shape.Of(1, 10)));
        Assert.That(head.State().Count(p => p.Name.StartsWith("pre_layer", StringComparison.Ordinal)), Is.EqualTo(4));
    }
}
