namespace Diffract.Tasks;

/// <summary>Where long work says how far it is. Library code takes one and never writes to a console itself.
/// <code>
/// using var bar = progress.Begin("training", steps, "steps");
/// for (…) { …; bar.Advance(1, $"loss {loss:0.000}"); }
/// </code></summary>
public interface IRunProgress : IDisposable
{
    /// <summary>Starts one piece of work; its end is the result's <c>Dispose</c>.</summary>
    /// <param name="title">What is being done, in a word or two.</param>
    /// <param name="total">Units of work until the end; at least 1.</param>
    /// <param name="unit">What is counted, in the plural: images, steps.</param>
    /// <param name="done">Units that were done before, by the run that is resumed.</param>
    IProgressBar Begin(string title, long total, string unit, long done = 0);

    /// <summary>Writes a line that stays.</summary>
    void Say(string line);
}
