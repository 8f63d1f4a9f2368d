using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>What every module can do.</summary>
[TestFixture]
internal sealed class ModuleTests
{
    [Test]
    public void Initialisation_is_repeatable_and_within_its_bounds()
    {
        using var first = new Linear(64, 48);
        using var second = new Linear(64, 48);
        first.Initialise(new Generator(7));
        second.Initialise(new Generator(7));
        var values = first.Weight.ToArray<float>();
        Assert.Multiple(() =>
        {
            Assert.That(values, Is.EqualTo(second.Weight.ToArray<float>()));
            Assert.That(values.Max(), Is.LessThanOrEqualTo(0.125f).And.GreaterThan(0.12f));
            Assert.That(values.Min(), Is.GreaterThanOrEqualTo(-0.125f).And.LessThan(-0.12f));
            Assert.That(values.Average(), Is.EqualTo(0).Within(0.01));
            Assert.That(first.Bias!.ToArray<float>().Max(), Is.LessThanOrEqualTo(0.125f));
        });
    }

    [Test]
    public void Zero_layers_norms_and_embeddings_have_their_own_initialisation()
    {
        var config = UNetPresets.ImageNet64 with { ModelChannels = 64, ChannelMult = [1], NumClasses = 64 };
        using var network = new UNet(config);
        network.Initialise(new Generator(1));
        var state = network.StateDict();
        Assert.Multiple(() =>
        {
            Assert.That(state["out.2.weight"].ToArray<float>(), Is.All.Zero);
            Assert.That(state["input_blocks.1.0.out_layers.3.bias"].ToArray<float>(), Is.All.Zero);
            Assert.That(state["middle_block.1.proj_out.weight"].ToArray<float>(), Is.All.Zero);
            Assert.That(state["middle_block.1.qkv.weight"].ToArray<float>(), Has.Some.Not.Zero);
            Assert.That(state["out.0.weight"].ToArray<float>(), Is.All.EqualTo(1));
            Assert.That(state["out.0.bias"].ToArray<float>(), Is.All.Zero);
            Assert.That(state["label_emb.weight"].ToArray<float>().Average(v => v * v), Is.EqualTo(1).Within(0.05));
        });
    }

    [Test]
    public void Frozen_parameters_get_no_gradient()
    {
        using var scope = Scope.Open();
        using var model = new Sequential(new Linear(3, 4), new Linear(4, 2));
        model.Initialise(new Generator(0));
        model.Children[0].RequiresGrad(false);
        model.Forward(Tensor.Ones([2, 3])).Sum().Backward();
        Assert.That(model.NamedParameters().Where(p => p.Parameter.Grad is not null).Select(p => p.Name),
            Is.EqualTo(new[] { "1.weight", "1.bias" }));
        model.ZeroGrad();
        Assert.That(model.Parameters().Select(p => p.Grad), Is.All.Null);
    }

    [Test]
    public void Freezing_before_loading_lasts()
    {
        using var layer = new Linear(3, 4);
        layer.RequiresGrad(false);
        layer.Initialise(new Generator(0));
        Assert.That(layer.Weight.RequiresGrad, Is.False);
        layer.RequiresGrad(true);
        Assert.That(layer.Weight.RequiresGrad);
    }

    [Test]
    public void Training_mode_reaches_every_module()
    {
        using var model = new Sequential(new Sequential(new Dropout(0.5)), new Linear(2, 2));
        Assert.That(model.NamedModules().Select(m => m.Module.Training), Is.All.True);
        model.Eval();
        Assert.That(model.NamedModules().Select(m => m.Module.Training), Is.All.False);
        model.Train();
        Assert.That(model.NamedModules().Select(m => m.Path), Is.EqualTo(new[] { "", "0", "0.0", "1" }));
    }

    [Test]
    public void Parameters_change_their_type_and_keep_their_numbers()
    {
        using var layer = new Linear(3, 4);
        layer.Initialise(new Generator(0));
        var before = layer.Weight.ToArray<float>();
        layer.To(DType.Float64);
        Assert.That(layer.Weight.ToArray<double>(), Is.EqualTo(before.Select(v => (double)v)));
        Assert.That(layer.Weight.RequiresGrad);
        Assert.That(() => layer.To(DType.Int64), Throws.TypeOf<DTypeException>());
    }

    [Test]
    public void A_summary_lists_types_shapes_and_counts()
    {
        using var model = new Sequential(new Linear(2, 3), new Linear(3, 1, bias: false));
        model.Children[0].RequiresGrad(false);
        Assert.That(model.Summary().ReplaceLineEndings("\n"), Is.EqualTo("""
            Sequential  Sequential  12
              0         Linear       9  weight [3, 2] bias [3]
              1         Linear       3  weight [1, 3]
            12 parameters, 3 trainable
            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void Dropout_needs_a_generator_in_training_only()
    {
        using var scope = Scope.Open();
        using var dropout = new Dropout(0.5);
        var x = Tensor.Ones([64, 64]);
        Assert.That(() => dropout.Forward(x), Throws.InvalidOperationException.With.Message.Contains("UseGenerator"));
        dropout.UseGenerator(new Generator(3));
        var y = dropout.Forward(x).ToArray<float>();
        Assert.That(y.Count(v => v == 0) / 4096.0, Is.EqualTo(0.5).Within(0.05));
        Assert.That(y.Where(v => v != 0), Is.All.EqualTo(2));
        dropout.Eval();
        Assert.That(dropout.Forward(x), Is.SameAs(x));
    }

    [Test]
    public void Batch_normalisation_counts_and_averages_its_batches()
    {
        using var scope = Scope.Open();
        using var norm = new BatchNorm2d(2);
        norm.Initialise(new Generator(0));
        norm.Forward(Tensor.From([1f, 0, 3, 0], [2, 1, 1, 2]));
        var state = norm.StateDict();
        Assert.Multiple(() =>
        {
            Assert.That(state.Keys, Is.EqualTo(new[] { "weight", "bias", "running_mean", "running_var",
                "num_batches_tracked" }));
            Assert.That(state["num_batches_tracked"].Item<long>(), Is.EqualTo(1));
            Assert.That(state["running_mean"].ToArray<float>(), Is.EqualTo(new[] { 0.2f, 0 }).Within(1e-6));
            Assert.That(state["running_var"].ToArray<float>(), Is.EqualTo(new[] { 1.1f, 0.9f }).Within(1e-6));
        });
        norm.Eval();
        norm.Forward(Tensor.Ones([1, 1, 1, 2]));
        Assert.That(norm.StateDict()["num_batches_tracked"].Item<long>(), Is.EqualTo(1));
    }

    [Test]
    public void An_anomaly_names_the_path_of_the_module()
    {
        using var scope = Scope.Open();
        using var model = new Sequential(new Sequential(new Linear(2, 2)), new Linear(2, 2));
        model.Initialise(new Generator(0));
        using var broken = Tensor.From([float.NaN, 0, 0, 0], [2, 2]);
        model.LoadStateDict(new Dictionary<string, Tensor> { ["0.0.weight"] = broken }, strict: false);
        using (Anomaly.Detect())
            Assert.That(() => model.Forward(Tensor.Ones([1, 2])), Throws.TypeOf<AnomalyException>().With.Message
                .Contains("Sequential.0.0"));
    }
}
