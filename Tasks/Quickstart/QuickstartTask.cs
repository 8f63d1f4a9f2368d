using System.Diagnostics;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The main job on real pictures: features of a pretrained U-Net at several timesteps and blocks, heads
/// trained on a few labels, compared with the same heads on raw pixels and on an untrained U-Net. Timestep, block,
/// pooling and learning rate are chosen on validation images; the test images are looked at once, by the chosen heads.
/// </summary>
/// <param name="recipe">How much of it.</param>
/// <param name="train">Images to take labels from; none of them was used in pretraining.</param>
/// <param name="test">Official test images.</param>
/// <param name="network">The pretrained network; everything is calculated on its device.</param>
public sealed class QuickstartTask(
    QuickstartRecipe recipe, ImageDataset train, ImageDataset test, DiffusionNetwork network)
{
    private const int Batch = 50;

    private readonly int size = network.Network.Config.ImageSize;

    /// <summary>Runs everything.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public QuickstartResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        var start = Stopwatch.GetTimestamp();
        var scored = DataSource.Range(test, 0, Math.Min(recipe.TestImages, test.Count));
        var heads = new List<HeadChoice>();
        IReadOnlyList<GridPoint> grid = [];
        foreach (var seed in recipe.Seeds)
        {
            var labelled = Split.PerClass(train, recipe.LabelsPerClass, seed);
            var rest = new Subset(train, [.. Enumerable.Range(0, train.Count).Except(labelled.Indices)]);
            var validation = Split.PerClass(rest, recipe.ValidationPerClass, seed);
            using var untrained = Untrained(seed);
            Representation[] representations =
            [
                Representation.Pixels(size),
                Representation.OfNetwork("untrained U-Net",
                    new DiffusionBackbone(untrained, network.Recipe.Make()), recipe.Timesteps),
                Representation.OfNetwork("pretrained U-Net", network.Backbone(null), recipe.Timesteps),
            ];
            foreach (var representation in representations)
            {
                var search = new HeadSearch(recipe, representation, seed, size, Batch, network.Network.Device);
                var found = search.Run(labelled, validation, scored, progress, cancellation);
                heads.AddRange(found.Heads);
                if (seed == recipe.Seeds[0]) grid = found.Grid;
            }
        }
        return new QuickstartResult(heads, grid, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private UNet Untrained(ulong seed)
    {
        var untrained = new UNet(network.Network.Config);
        untrained.To(network.Network.Device);
        untrained.Initialise(new Generator(seed));
        untrained.Eval();
        untrained.RequiresGrad(false);
        return untrained;
    }
}
