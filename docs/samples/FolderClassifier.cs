using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Samples;

/// <summary>A linear head on the features of a folder of pictures: trained, saved, loaded, asked.</summary>
public static class FolderClassifier
{
    /// <summary>Learns to tell the class folders of <paramref name="pictures"/> apart.</summary>
    public static async Task Train(string checkpoint, string pictures, FeatureSpec spec, string saved,
        IProgress<FeatureProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var network = NetworkFile.Load(checkpoint);
        using var features = network.Features(DataSource.Labelled(pictures), spec, pool: 2);

        var batches = new List<LabelledFeatures>();
        await foreach (var batch in features.Stream(batch: 8, progress, cancellation)) batches.Add(batch);

        var recipe = new HeadRecipe { Kind = "linear", Pool = 2 };
        using var head = HeadFactory.Make(recipe, features);
        head.Initialise(new Generator(seed: 0));
        using var adam = new Adam(head.Parameters(), lr: 1e-2);
        for (var epoch = 0; epoch < 30; epoch++)
            foreach (var batch in batches)
            {
                using var scope = Scope.Open();           // what a step makes ends with it
                adam.ZeroGrad();
                head.Forward(batch.Maps).CrossEntropy(batch.Labels).Backward();
                adam.Step();
            }

        HeadFile.Save(saved, head, HeadFileHeader.Of(recipe, features));
        batches.ForEach(batch => batch.Dispose());
    }

    /// <summary>Names the class of every picture of a folder, class folders or not.</summary>
    public static async Task<Dictionary<string, string>> Predict(string checkpoint, string saved, string pictures)
    {
        var (head, header) = HeadFile.Load(saved);
        using var owned = head;
        using var network = NetworkFile.Load(checkpoint);
        using var features = network.Features(DataSource.Any(pictures), header.Spec, pool: header.FeaturePool);

        var answers = new Dictionary<string, string>();
        await foreach (var batch in features.Stream())
            using (batch)
            using (var logits = head.Forward(batch.Maps))
            using (var best = logits.ArgMax(-1))
                foreach (var (item, label) in batch.Items.Zip(best.ToArray<long>()))
                    answers[features.Id(item)] = header.Classes[(int)label];
        return answers;
    }
}
