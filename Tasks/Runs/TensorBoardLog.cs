namespace Diffract.Tasks;

/// <summary>The numbers of a run for TensorBoard (<c>tensorboard --logdir runs</c>), in
/// <c>events.out.tfevents.SECONDS.diffract</c> of the run folder: an <c>Event</c> with scalars for each line of
/// <c>metrics.jsonl</c>.</summary>
/// <remarks>Whenever the log is opened, the file is written anew from <c>metrics.jsonl</c>: so the two agree
/// on every step, whatever a kill cut off or a checkpoint does not know, and nothing has to be read back. Old files go
/// first, so no step ever stands in two; the name is new, so a TensorBoard that is running notices. Times are those of
/// work, as if the starts of a run had followed each other without a pause up to now.</remarks>
internal sealed class TensorBoardLog : IDisposable
{
    private readonly FileStream stream;
    private readonly double began;

    /// <summary>Writes what is known, to go on after it.</summary>
    /// <param name="run">A run that nobody else works on.</param>
    /// <param name="lines">What its <c>metrics.jsonl</c> says.</param>
    /// <param name="seconds">Seconds of work so far.</param>
    public TensorBoardLog(RunFolder run, IEnumerable<MetricsLine> lines, double seconds)
    {
        var now = DateTimeOffset.UtcNow;
        began = now.ToUnixTimeMilliseconds() / 1000.0 - seconds;
        foreach (var old in run.EventPaths) File.Delete(old);
        stream = new FileStream(run.EventPath(now), FileMode.CreateNew, FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete);
        try
        {
            stream.Write(TfRecord.Of(new ProtobufMessage().Add(1, began).Add(3, "brain.Event:2").ToArray()));
            foreach (var line in lines) stream.Write(Record(line));
            stream.Flush();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Notes the numbers of a step; they are the system's when this returns.</summary>
    public void Append(MetricsLine line)
    {
        stream.Write(Record(line));
        stream.Flush();
    }

    /// <summary>Ends the log.</summary>
    public void Dispose() => stream.Dispose();

    // tensorflow/core/util/event.proto: wall_time 1, step 2, file_version 3, summary 5; summary.proto: value 1 with
    // tag 1 and simple_value 2.
    private byte[] Record(MetricsLine line)
    {
        var summary = new ProtobufMessage();
        foreach (var (name, value) in line.Values)
            summary.Add(1, new ProtobufMessage().Add(1, name).Add(2, (float)value));
        return TfRecord.Of(
            new ProtobufMessage().Add(1, began + line.Seconds).Add(2, line.Step).Add(5, summary).ToArray());
    }
}
