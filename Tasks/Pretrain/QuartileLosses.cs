using Diffract.Autograd;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Losses of the images of some steps, by quarter of the timesteps: the loss of the whole hides that little
/// noise and much noise are different tasks.</summary>
public sealed class QuartileLosses
{
    /// <summary>Quarters.</summary>
    public const int Count = 4;

    private readonly double[] sums = new double[Count];
    private readonly long[] images = new long[Count];

    /// <summary>No images yet.</summary>
    public QuartileLosses()
    {
    }

    /// <summary>The images of one step.</summary>
    /// <param name="draw">Their timesteps.</param>
    /// <param name="losses">Their losses, without weights.</param>
    /// <param name="timesteps">Length of the process.</param>
    public QuartileLosses(TimestepDraw draw, IReadOnlyList<double> losses, int timesteps)
    {
        for (var i = 0; i < losses.Count; i++)
        {
            var quarter = Count * draw.T[i] / timesteps;
            sums[quarter] += losses[i];
            images[quarter]++;
        }
    }

    /// <summary>Mean loss of a quarter, 0 the one with the least noise; NaN without images.</summary>
    public double this[int quarter] => sums[quarter] / images[quarter];

    /// <summary>Puts sums and numbers into a state.</summary>
    /// <param name="state">The state.</param>
    public void Save(SavedState state)
    {
        for (var i = 0; i < Count; i++) (state.Numbers[Sum(i)], state.Numbers[Images(i)]) = (sums[i], images[i]);
    }

    /// <summary>Those of a state; no images where it has none, as those of older versions.</summary>
    /// <param name="state">The state.</param>
    public static QuartileLosses Load(SavedState state)
    {
        var losses = new QuartileLosses();
        for (var i = 0; i < Count; i++)
            if (state.Numbers.TryGetValue(Sum(i), out var sum))
                (losses.sums[i], losses.images[i]) = (sum, (long)state.Number(Images(i)));
        return losses;
    }

    /// <summary>Adds the images of another step.</summary>
    public void Add(QuartileLosses other)
    {
        for (var i = 0; i < Count; i++)
        {
            sums[i] += other.sums[i];
            images[i] += other.images[i];
        }
    }

    private static string Sum(int quarter) => $"quartile.{quarter}.sum";

    private static string Images(int quarter) => $"quartile.{quarter}.images";
}
