using System.Diagnostics;
using System.Text.Json;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Appends the numbers of a run to <c>metrics.jsonl</c>, one JSON object a line:
/// <c>{"step":100,"seconds":12.5,"loss":0.231}</c>. NaN and infinities are written as text.
/// TensorBoard gets the same from <see cref="TensorBoardLog"/>.</summary>
/// <remarks>A line is written in one piece and handed to the system at once, so a killed program loses nothing; half a
/// line that a lost machine left is dropped on reading. A resumed run first drops what was noted after the step it goes
/// on from, so every step stands there once.</remarks>
public sealed class MetricsLog : IDisposable
{
    private readonly IDisposable? hold;
    private readonly FileStream stream;
    private readonly TensorBoardLog events;
    private readonly double secondsBefore;
    private readonly long start = Stopwatch.GetTimestamp();

    private MetricsLog(IDisposable? hold, FileStream stream, TensorBoardLog events, double secondsBefore) =>
        (this.hold, this.stream, this.events, this.secondsBefore) = (hold, stream, events, secondsBefore);

    /// <summary>Opens the log of a run, to go on after <paramref name="step"/>, and holds the run until the log is
    /// disposed, unless the caller does.</summary>
    /// <param name="run">The run.</param>
    /// <param name="step">Steps done; what the log says of later ones is dropped. 0 for a new run.</param>
    /// <param name="held">What the caller holds the run with; null to hold it here.</param>
    /// <exception cref="RunException">Another process works on the run.</exception>
    public static MetricsLog Open(RunFolder run, long step = 0, IDisposable? held = null)
    {
        var hold = held is null ? run.Hold() : null;
        FileStream? stream = null;
        try
        {
            var kept = Read(run.MetricsPath).Where(line => line.Step <= step).ToArray();
            if (File.Exists(run.MetricsPath))
                AtomicFile.Write(run.MetricsPath, file =>
                {
                    foreach (var line in kept) file.Write(Line(line));
                });
            var seconds = kept.Length > 0 ? kept[^1].Seconds : 0;
            stream = new FileStream(run.MetricsPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            return new MetricsLog(hold, stream, new TensorBoardLog(run, kept, seconds), seconds);
        }
        catch
        {
            stream?.Dispose();
            hold?.Dispose();
            throw;
        }
    }

    /// <summary>Seconds of work so far, over all starts of the run.</summary>
    public double Seconds => secondsBefore + Stopwatch.GetElapsedTime(start).TotalSeconds;

    /// <summary>Notes numbers of a step.</summary>
    public void Append(long step, params ReadOnlySpan<(string Name, double Value)> values)
    {
        var numbers = new Dictionary<string, double>(values.Length);
        foreach (var (name, value) in values) numbers[name] = value;
        var line = new MetricsLine(step, Math.Round(Seconds, 3), numbers);
        stream.Write(Line(line));
        stream.Flush();
        events.Append(line);
    }

    /// <summary>Reads a log. The last line is left out when it is not whole.</summary>
    /// <exception cref="RunException">Another line cannot be read.</exception>
    public static IReadOnlyList<MetricsLine> Read(string path)
    {
        var lines = File.Exists(path) ? LinesOf(path) : [];
        var read = new List<MetricsLine>(lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            try
            {
                if (lines[i].Length > 0) read.Add(Parse(lines[i]));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
                or FormatException)
            {
                if (i == lines.Length - 1) break;
                throw new RunException($"{path}: line {i + 1} cannot be read: {e.Message}", e);
            }
        }
        return read;
    }

    /// <summary>Ends the log, and lets the run go.</summary>
    public void Dispose()
    {
        events.Dispose();
        stream.Dispose();
        hold?.Dispose();
    }

    // As File.ReadAllLines, but of a run that is still writing too.
    private static string[] LinesOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().TrimEnd('\r', '\n').Split(["\r\n", "\n"], StringSplitOptions.None);
    }

    private static byte[] Line(MetricsLine line)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", line.Step);
            json.WriteNumber("seconds", line.Seconds);
            foreach (var (name, value) in line.Values)
            {
                if (double.IsFinite(value)) json.WriteNumber(name, value);
                else json.WriteString(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private static MetricsLine Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        var values = new Dictionary<string, double>();
        foreach (var property in document.RootElement.EnumerateObject())
            if (property.Name is not ("step" or "seconds"))
                values[property.Name] = property.Value.ValueKind == JsonValueKind.String
                    ? double.Parse(property.Value.GetString()!, System.Globalization.CultureInfo.InvariantCulture)
                    : property.Value.GetDouble();
        return new MetricsLine(document.RootElement.GetProperty("step").GetInt64(),
            document.RootElement.GetProperty("seconds").GetDouble(), values);
    }
}
