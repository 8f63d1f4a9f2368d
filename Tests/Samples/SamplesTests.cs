using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Samples;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Samples;

/// <summary>The samples of docs/samples do what their pages say.</summary>
internal sealed class SamplesTests
{
    private static readonly FeatureSpec spec = new([20], [3]);

    [Test]
    public async Task A_folder_is_streamed_learnt_saved_loaded_and_named()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = Work.Network(folder.Path);
        var seen = new Seen();
        await FolderClassifier.Train(checkpoint, folder["pictures"], spec, folder["head.safetensors"], seen);
        Assert.That(seen.Done, Is.EqualTo(new[] { 8, 12, 12 }));

        var answers = await FolderClassifier.Predict(checkpoint, folder["head.safetensors"], folder["pictures"]);
        Assert.That(answers, Has.Count.EqualTo(12));
        Assert.That(answers.Where(answer => !answer.Key.StartsWith(answer.Value, StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void A_stream_ends_when_it_is_cancelled_and_leaves_no_head()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = Work.Network(folder.Path);
        using var source = new CancellationTokenSource();
        var seen = new Seen(_ => source.Cancel());
        Assert.That(() => FolderClassifier.Train(checkpoint, folder["pictures"], spec, folder["head.safetensors"], seen,
            source.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen.Done, Is.EqualTo(new[] { 8 }));
        Assert.That(File.Exists(folder["head.safetensors"]), Is.False);
    }

    [Test]
    public void A_module_and_an_operation_of_ones_own()
    {
        RmsNorm.CheckGradients();
        using var scope = Scope.Open();
        using var norm = new RmsNorm(4);
        norm.Initialise(new Generator(1));
        Assert.That(norm.StateDict().Keys, Is.EqualTo(new[] { "weight" }));

        var y = norm.Forward(Tensor.From([2f, -2, 2, 2, 0, 0, 3, 4], [2, 4]));
        Assert.That(y.ToArray<float>(), Is.EqualTo(new[] { 1, -1, 1, 1, 0, 0, 1.2f, 1.6f }).Within(1e-6));
        y.Sum().Backward();
        var slope = norm.Parameters().Single().Grad!;
        Assert.That(slope.ToArray<float>(), Is.EqualTo(new[] { 1, -1, 2.2f, 2.6f }).Within(1e-6));
    }

    private sealed class Seen(Action<FeatureProgress>? then = null) : IProgress<FeatureProgress>
    {
        public List<int> Done { get; } = [];

        public void Report(FeatureProgress value)
        {
            Done.Add(value.Done);
            then?.Invoke(value);
        }
    }
}
