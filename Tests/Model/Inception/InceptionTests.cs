using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Model;

/// <summary>The Inception network against PyTorch's operations in the published order, with weights that a formula
/// makes: what PyTorch gave for them in float64 stands here.</summary>
internal sealed class InceptionTests
{
    // Features 0, 128, 256, … of the picture of 40 x 40, stretched to 299 x 299.
    private static readonly double[] stretched =
    [
        1.0364492430640422, 0, 0, 0.04935709060892281, 3.2379213137925147, 0, 3.7472689465373143, 3.6761301975685745,
        0.5807559805359208, 0.020578957873836425, 4.262761543503011, 0.01952707773908776, 0, 0.5421969756104139,
        0.16643063538069627, 0,
    ];

    // Features 0, 256, … of the picture of 83 x 83, as it is.
    private static readonly double[] asItIs =
    [
        1.691810283250275, 0, 0, 0.5045541214567894, 0.7097941342233184, 0.4894755431709806, 0.17999240754874307, 0,
    ];

    private TemporaryFolder folder = null!;
    private Dictionary<string, Tensor> state = null!;

    [OneTimeSetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        using var network = new InceptionV3();
        state = InceptionWeights.Of(network);
        // The published file is of this kind, and may lack the numbers of batches.
        TensorFile.Save(folder["inception.pt"], state);
    }

    [OneTimeTearDown]
    public void Remove()
    {
        foreach (var tensor in state.Values) tensor.Dispose();
        folder.Dispose();
    }

    [Test]
    public void It_has_the_published_names_and_parameters()
    {
        using var network = new InceptionV3();
        Assert.That(network.ParameterCount, Is.EqualTo(23_850_960));
        var names = network.State().Select(p => p.Name).ToArray();
        Assert.That(names, Has.Length.EqualTo(472 + 94));
        Assert.That(names[..6], Is.EqualTo(new[] { "conv.weight", "bn.weight", "bn.bias", "bn.running_mean",
            "bn.running_var", "bn.num_batches_tracked" }.Select(name => "Conv2d_1a_3x3." + name)));
        Assert.That(names, Does.Contain("Mixed_7c.branch3x3dbl_3b.conv.weight").And.Contain("fc.bias"));
    }

    [Test]
    public void Features_are_those_of_PyTorch()
    {
        using var network = InceptionV3.Load(folder["inception.pt"]);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var maps = new InceptionBackbone(network).Extract(Picture(40), [0], new FeatureSpec([0], [1]),
            new NoiseSource(0));
        var map = maps[0][0].Map;
        Assert.That(map.Shape, Is.EqualTo(Shape.Of(1, 8, 8, 2048)));
        var found = map.Mean([1, 2]).ToArray<float>();
        Check([.. found.Where((_, i) => i % 128 == 0)], stretched);
        Assert.That(found.Sum(f => (double)f), Is.EqualTo(2595.781118379661).Within(1e-4).Percent);
        Assert.That(found.Sum(f => (double)f * f), Is.EqualTo(Math.Pow(96.59200441588071, 2)).Within(1e-3).Percent);

        var small = network.Forward(Picture(83));
        Assert.That(small.Shape, Is.EqualTo(Shape.Of(1, 1, 1, 2048)));
        Check([.. small.ToArray<float>().Where((_, i) => i % 256 == 0)], asItIs);

        static void Check(float[] found, double[] expected)
        {
            Assert.That(found, Has.Length.EqualTo(expected.Length));
            for (var i = 0; i < found.Length; i++)
                Assert.That(found[i], Is.EqualTo(expected[i]).Within(1e-4 * Math.Max(expected[i], 0.01)), $"{i}");
        }
    }

    [Test]
    public void An_image_has_the_same_features_in_any_batch()
    {
        using var network = InceptionV3.Load(folder["inception.pt"]);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var both = network.Forward(Tensor.Concat(0, Picture(83), -Picture(83)));
        Assert.That(both.Slice(0, 1, 1).ToArray<float>(),
            Is.EqualTo(network.Forward(-Picture(83)).ToArray<float>()).Within(1e-4));
        Assert.That(() => new InceptionBackbone(network).Extract(Picture(83), [0], new FeatureSpec([10], [1]),
            new NoiseSource(0)), Throws.ArgumentException);
    }

    [Test]
    public void What_does_not_fit_is_listed()
    {
        using var scope = Scope.Open();
        var other = new Dictionary<string, Tensor>(state);
        other.Remove("Mixed_5b.branch1x1.bn.weight");
        other["Mixed_5b.branch1x1.conv.weight"] = Tensor.Zeros([64, 192]);
        other["extra"] = Tensor.Zeros([1]);
        TensorFile.Save(folder["other.safetensors"], other);
        Assert.That(() => InceptionV3.Load(folder["other.safetensors"]), Throws.TypeOf<StateDictException>()
            .With.Message.Contains("other.safetensors: ").And.Message.Contains("missing: Mixed_5b.branch1x1.bn.weight")
            .And.Message.Contains("unexpected: extra")
            .And.Message.Contains("Mixed_5b.branch1x1.conv.weight: expected [64, 192, 1, 1], found [64, 192]"));
        other["fc.weight"] = Tensor.Zeros([1000, 2048]);
        TensorFile.Save(folder["imagenet.safetensors"], other);
        Assert.That(() => InceptionV3.Load(folder["imagenet.safetensors"]), Throws.TypeOf<StateDictException>()
            .With.Message.Contains("for the 1000 classes of ImageNet"));
    }

    private static Tensor Picture(int size)
    {
        var bytes = InceptionWeights.Picture(size);
        return Tensor.From(Array.ConvertAll(bytes, value => value / 127.5f - 1), [1, size, size, 3]);
    }
}
