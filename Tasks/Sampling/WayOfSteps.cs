using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The way from noise to image as a picture: for each image a row of what it is at some steps, and below it a
/// row of the clean image that the network takes it for.</summary>
internal sealed class WayOfSteps
{
    private const int MostImages = 6, MostSteps = 10;

    private readonly GaussianDiffusion process;
    private readonly int count;
    private readonly HashSet<int> shown;
    private readonly List<(string Label, IReadOnlyList<Image> Noised, IReadOnlyList<Image> Clean)> columns = [];

    // What the next step that is shown begins with.
    private IReadOnlyList<Image> next;

    /// <summary>A way that begins with noise.</summary>
    /// <param name="start">x_T, [N, H, W, 3].</param>
    /// <param name="process">The steps that will be made.</param>
    public WayOfSteps(Tensor start, GaussianDiffusion process)
    {
        count = Math.Min(MostImages, start.Shape.Int(0));
        var (steps, chosen) = (process.Steps, Math.Min(MostSteps, process.Steps));
        // Evenly spread, the first and the last among them.
        shown = [.. Enumerable.Range(0, chosen).Select(i => chosen == 1 ? steps
            : 1 + (int)Math.Round(i * (steps - 1.0) / (chosen - 1)))];
        this.process = process;
        next = Images(start);
    }

    /// <summary>Looks at a step.</summary>
    public void Add(SamplingStep step)
    {
        if (shown.Contains(step.Done))
            columns.Add(($"{process.Schedule.TimestepMap[step.T]}", next, Images(step.Start)));
        // A step's tensors are gone when the next is there.
        if (shown.Contains(step.Done + 1)) next = Images(step.Sample);
    }

    /// <summary>The picture.</summary>
    public Image Draw() => LabelledSheet.Make([.. columns.Select(c => c.Label)],
        [.. Enumerable.Range(0, count).SelectMany(i => ((string, Image[])[])
            [("noised", [.. columns.Select(c => c.Noised[i])]), ("clean", [.. columns.Select(c => c.Clean[i])])])], 2);

    private Image[] Images(Tensor x) => [.. SampleSheet.Images(x).Take(count)];
}
