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

    /// <summary>Adds the images of another step.</summary>
    public void Add(QuartileLosses other)
    {
        for (var i = 0; i < Count; i++)
        {
            sums[i] += other.sums[i];
            images[i] += other.images[i];
        }
    }
}
