using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>State dicts into modules: what fits, and what is said when it does not.</summary>
[TestFixture]
internal sealed class LoadingTests
{
    [Test]
    public void A_state_dict_is_copied_in_and_comes_out_again()
    {
        using var scope = Scope.Open();
        using var layer = new Linear(2, 3);
        var state = State(([3, 2], "weight"), ([3], "bias"));
        Assert.That(layer.LoadStateDict(state).IsEmpty);
        Assert.Multiple(() =>
        {
            Assert.That(layer.StateDict().Keys, Is.EqualTo(new[] { "weight", "bias" }));
            Assert.That(layer.Weight.ToArray<float>(), Is.EqualTo(state["weight"].ToArray<float>()));
            Assert.That(layer.Weight.Storage, Is.Not.SameAs(state["weight"].Storage));
        });
    }

    [Test]
    public void One_message_lists_everything_that_is_wrong()
    {
        using var scope = Scope.Open();
        using var model = new Sequential(new Linear(2, 3), new Linear(3, 4), new Linear(4, 5), new BatchNorm2d(5));
        var state = State(([2, 3], "0.weight"), ([3], "0.bias"), ([4, 3], "1.weight"), ([9], "1.bias"),
            ([5, 4], "2.weight"), ([5], "extra.bias"), ([5], "3.weight"), ([5], "3.bias"), ([5], "3.running_mean"),
            ([5], "3.running_var"), ([], "3.num_batches_tracked"));
        state["3.weight"] = Tensor.From<long>(1, 2, 3, 4, 5);
        var before = model.State().Count(p => p.Parameter.IsFilled);
        var error = Assert.Throws<StateDictException>(() => model.LoadStateDict(state));
        Assert.That(error!.Message, Is.EqualTo("""
            the state dict does not fit Sequential: 1 missing, 1 unexpected, 4 of another shape or type
              missing: 2.bias [5]
              unexpected: extra.bias [5]
              0.weight: expected [3, 2], found [2, 3] (transposed?)
              1.bias: expected [4], found [9]
              3.weight: expected Float32 [5], found Int64
              3.num_batches_tracked: expected Int64 [], found Float32
            """));
        Assert.That(model.State().Count(p => p.Parameter.IsFilled), Is.EqualTo(before), "nothing may have changed");
    }

    [Test]
    public void A_wrapper_around_every_name_is_pointed_out()
    {
        using var scope = Scope.Open();
        using var layer = new Linear(2, 3);
        Assert.That(() => layer.LoadStateDict(State(([3, 2], "module.weight"), ([3], "module.bias"))),
            Throws.TypeOf<StateDictException>().With.Message.Contains("starts with 'module.'"));
    }

    [Test]
    public void Without_strictness_names_may_differ_but_shapes_may_not()
    {
        using var scope = Scope.Open();
        using var layer = new Linear(2, 3);
        var difference = layer.LoadStateDict(State(([3, 2], "weight"), ([3], "other")), strict: false);
        Assert.Multiple(() =>
        {
            Assert.That(difference.Missing.Single().Name, Is.EqualTo("bias"));
            Assert.That(difference.Unexpected.Single().Name, Is.EqualTo("other"));
            Assert.That(() => layer.LoadStateDict(State(([2, 3], "weight")), strict: false),
                Throws.TypeOf<StateDictException>().With.Message.Contains("transposed?"));
        });
    }

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    [TestCase(DType.Float64)]
    public void Other_float_types_are_converted(DType dtype)
    {
        using var scope = Scope.Open();
        using var layer = new Linear(2, 1, bias: false);
        var stored = dtype switch
        {
            DType.Float16 => Tensor.From([(Half)0.5f, (Half)(-2f)], [1, 2]),
            DType.BFloat16 => Tensor.From([(BFloat16)0.5f, (BFloat16)(-2f)], [1, 2]),
            _ => Tensor.From([0.5, -2.0], [1, 2]),
        };
        layer.LoadStateDict(new Dictionary<string, Tensor> { ["weight"] = stored });
        Assert.That(layer.Weight.DType, Is.EqualTo(DType.Float32));
        Assert.That(layer.Weight.ToArray<float>(), Is.EqualTo(new[] { 0.5f, -2f }));
    }

    [Test]
    public void Numbers_that_nobody_set_are_never_read()
    {
        using var layer = new Linear(2, 3);
        Assert.Multiple(() =>
        {
            Assert.That(() => layer.Weight, Throws.InvalidOperationException.With.Message.Contains("Initialise"));
            Assert.That(() => layer.StateDict(), Throws.InvalidOperationException.With.Message.Contains("weight"));
            Assert.That(layer.ParameterCount, Is.EqualTo(9));
        });
    }

    [Test]
    public void Building_the_largest_network_takes_no_memory()
    {
        var before = LiveMemory.Bytes;
        using var network = new UNet(UNetPresets.ImageNet256Unconditional);
        Assert.That(network.ParameterCount, Is.GreaterThan(500_000_000));
        Assert.That(LiveMemory.Bytes - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void Parameters_survive_the_scope_they_were_loaded_in_and_go_with_the_module()
    {
        var layer = new Linear(2, 3);
        using (Scope.Open()) layer.LoadStateDict(State(([3, 2], "weight"), ([3], "bias")));
        var weight = layer.Weight;
        Assert.That(weight.ToArray<float>(), Has.Length.EqualTo(6));
        layer.Dispose();
        Assert.That(weight.IsDisposed);
    }

    [Test]
    public void A_mapped_file_is_not_needed_any_more_after_loading()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        try
        {
            using var scope = Scope.Open();
            TensorFile.Save(path, State(([3, 2], "weight"), ([3], "bias")));
            using var layer = new Linear(2, 3);
            using (var file = TensorFile.Open(path)) layer.LoadStateDict(file);
            Assert.That(layer.Weight.Storage.IsReadOnly, Is.False);
            Assert.That(layer.Weight.ToArray<float>()[5], Is.EqualTo(5));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Dictionary<string, Tensor> State(params (Shape Shape, string Name)[] tensors) =>
        tensors.ToDictionary(t => t.Name, t =>
            Tensor.From([.. Enumerable.Range(0, (int)t.Shape.Count).Select(i => (float)i)], t.Shape));
}
