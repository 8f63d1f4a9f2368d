using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Labelled images as a head sees them: feature maps by timestep and block, from a file or straight from a
/// network.</summary>
public interface IFeatureSource : IDisposable
{
    /// <summary>Timesteps and blocks, in the order heads receive them.</summary>
    FeatureSpec Spec { get; }

    /// <summary>Number, channels and size of each block's map.</summary>
    IReadOnlyList<FeatureInfo> Blocks { get; }

    /// <summary>Class names, label 0 first; empty without labels.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Where the maps come from.</summary>
    FeatureOrigin Origin { get; }

    /// <summary>What is trained in front of the head; null for frozen features.</summary>
    TrainedBackbone? Trained => null;

    /// <summary>Images that could not be read so far, in words; empty for none.</summary>
    string Skipped => "";

    /// <summary>Class of an image.</summary>
    int Label(int index);

    /// <summary>Name of an image.</summary>
    string Id(int index);

    /// <summary>The maps of some images, batch by batch. What comes out depends on the arguments alone, so a run can
    /// be taken up at any batch.</summary>
    /// <param name="items">Which images.</param>
    /// <param name="pass">Order, noise and augmentation; its <see cref="FeaturePass.Before"/> is called for each batch.
    /// </param>
    /// <param name="cancellation">Ends between two batches.</param>
    /// <returns>Batches that the caller disposes: labels on the CPU, maps where they were made.</returns>
    IEnumerable<LabelledFeatures> Batches(IReadOnlyList<int> items, FeaturePass pass,
        CancellationToken cancellation = default);
}
