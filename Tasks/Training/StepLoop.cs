namespace Diffract.Tasks;

/// <summary>Training that counts steps: makes them from a loader's batches, and saves where it can go on from.
/// </summary>
internal static class StepLoop
{
    /// <summary>Runs to the last step. Saves every so many steps, after the last one, and when it is stopped.</summary>
    /// <param name="loader">Makes the batches; what they are depends on the step's number alone.</param>
    /// <param name="done">Steps done before.</param>
    /// <param name="steps">Steps in all.</param>
    /// <param name="saveEvery">Steps between two calls of <paramref name="save"/>.</param>
    /// <param name="step">Makes a step.</param>
    /// <param name="pass">Counts a step for which all images are broken, so that a run goes on at the same images.
    /// </param>
    /// <param name="save">Writes a checkpoint.</param>
    /// <param name="after">Told of every step, once it may be saved, but of the last one.</param>
    /// <param name="cancellation">Stops after the step under way.</param>
    /// <exception cref="OperationCanceledException">It was cancelled, and has saved.</exception>
    public static void Run(Loader loader, long done, long steps, int saveEvery, Action<Batch> step, Action pass,
        Action save, Action<long>? after = null, CancellationToken cancellation = default)
    {
        try
        {
            if (done < steps)
                foreach (var batch in loader.Steps(done, cancellation))
                {
                    using (batch)
                    {
                        for (var number = Math.Min(steps, loader.StepOf(batch)); done < number; done++) pass();
                        if (done < steps) step(batch);
                    }
                    if (++done >= steps) break;
                    if (done % saveEvery == 0) save();
                    after?.Invoke(done);
                    cancellation.ThrowIfCancellationRequested();
                }
        }
        catch (OperationCanceledException)
        {
            save();
            throw;
        }
        save();
    }
}
