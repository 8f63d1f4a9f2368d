using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The rows of a feature file while it grows: one raw file for each tensor in <c>&lt;name&gt;.partial</c>, and
/// a log of the images done. How many rows there will be is not known before every image was read, and a killed run
/// goes on behind its last whole row.</summary>
internal sealed class FeatureSpool : IDisposable
{
    private readonly string folder, identityFile;
    private readonly Func<string> identity;
    private bool identified;
    private readonly List<Column> columns = [];
    private readonly StreamWriter log;

    private sealed record Column(string Name, DType DType, Shape Row, FileStream Stream)
    {
        public long RowBytes => Row.Count * DType.Size();
    }

    private sealed record Entry(string Image, long Label, bool Skipped);

    private readonly List<Entry> entries = [];

    /// <summary>Opens the spool of <paramref name="path"/>, new or interrupted.</summary>
    /// <param name="path">The feature file that will be.</param>
    /// <param name="identity">What decides the rows (recipe, checkpoint); a spool of another identity is refused. Asked
    /// for when the first image is added, or at once if there are some already.</param>
    /// <param name="rows">Name and shape of one image's row, [draws, C, H, W], for each tensor.</param>
    /// <param name="dtype">Type of the stored maps.</param>
    /// <param name="total">How many images there are.</param>
    /// <param name="batch">How many are calculated at once: a run goes on where a batch begins, so that rounding is
    /// that of a run that was not stopped.</param>
    public FeatureSpool(string path, Func<string> identity, IReadOnlyList<(string Name, Shape Row)> rows, DType dtype,
        int total, int batch)
    {
        folder = FolderOf(path);
        this.identity = identity;
        OutputFile.MakeFolder(folder, path);
        identityFile = Path.Combine(folder, "identity.json");
        var logFile = Path.Combine(folder, "images.tsv");
        ReadLog(logFile);
        // A spool without an image is nobody's.
        if (entries.Count > 0) Identify();
        else File.Delete(identityFile);
        if (identified && File.ReadAllText(identityFile) != identity())
            throw new DiffractException($"{folder} holds the beginning of another extraction (other checkpoint, data "
                + "or settings): remove it, or write to another file");
        foreach (var (name, row) in rows) columns.Add(new Column(name, dtype, row, OpenColumn(name)));
        long whole = Kept;
        foreach (var column in columns) whole = Math.Min(whole, column.Stream.Length / column.RowBytes);
        while (Kept > whole) entries.RemoveAt(entries.Count - 1);
        if (entries.Count < total) entries.RemoveRange(entries.Count / batch * batch, entries.Count % batch);
        foreach (var column in columns)
        {
            column.Stream.SetLength(Kept * column.RowBytes);
            column.Stream.Seek(0, SeekOrigin.End);
        }
        AtomicFile.WriteText(logFile, string.Concat(entries.Select(Line)));
        log = new StreamWriter(logFile, append: true);
    }

    /// <summary>Images dealt with, skipped ones included.</summary>
    public int Done => entries.Count;

    private int Kept => entries.Count(e => !e.Skipped);

    /// <summary>Notes an image without a row.</summary>
    public void Skip(string image) => Add(new Entry(image, -1, true));

    /// <summary>Adds one image: its row of every tensor, in the order the tensors were given.</summary>
    public void Append(string image, long label, IReadOnlyList<Tensor> rows)
    {
        foreach (var (column, row) in columns.Zip(rows))
        {
            if (row.Shape != column.Row || row.DType != column.DType)
                throw new ShapeException($"{column.Name}: a row is {column.Row} {column.DType}, found {row.Shape} "
                    + $"{row.DType}");
            Writing(() => column.Stream.Write(Bytes(row)), column);
        }
        Add(new Entry(image, label, false));
    }

    /// <summary>Makes what was added survive a kill.</summary>
    public void Flush()
    {
        foreach (var column in columns) Writing(() => column.Stream.Flush(flushToDisk: true), column);
        log.Flush();
    }

    /// <summary>Removes the spool of a file that is complete.</summary>
    public static void Remove(string path)
    {
        if (Directory.Exists(FolderOf(path))) Directory.Delete(FolderOf(path), recursive: true);
    }

    /// <summary>Writes the feature file and removes the spool.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">Makes its header from the images kept and those skipped.</param>
    /// <param name="saved">Called with the number of rows when the file is whole and the spool still there.</param>
    public void Complete(string path, Func<IReadOnlyList<string>, IReadOnlyList<string>, FeatureFileHeader> header,
        Action<int>? saved = null)
    {
        Flush();
        var kept = entries.Where(e => !e.Skipped).ToList();
        if (kept.Count == 0) throw new DiffractException($"{path}: none of the {entries.Count} images could be read");
        using (Scope.Open())
        {
            var tensors = new Dictionary<string, Tensor>();
            foreach (var column in columns)
            {
                column.Stream.Dispose();
                tensors.Add(column.Name, TensorFile.MapRaw(ColumnFile(column.Name), column.DType,
                    Shape.Of([kept.Count, .. column.Row.ToArray()])));
            }
            if (kept.All(e => e.Label >= 0))
                tensors.Add("labels", Tensor.From(kept.Select(e => e.Label).ToArray(), [kept.Count]));
            var text = header([.. kept.Select(e => e.Image)], [.. entries.Where(e => e.Skipped).Select(e => e.Image)]);
            TensorFile.Save(path, tensors, new Dictionary<string, string> { [FeatureFileHeader.Key] = text.ToJson() });
        }
        saved?.Invoke(kept.Count);
        Dispose();
        Remove(path);
    }

    /// <summary>Closes the files. A spool without an image leaves nothing.</summary>
    public void Dispose()
    {
        foreach (var column in columns) Writing(column.Stream.Dispose, column);
        log.Dispose();
        if (entries.Count == 0 && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private static void Writing(Action write, Column column)
    {
        try
        {
            write();
        }
        catch (ArgumentOutOfRangeException e) when (AtomicFile.IsTooLarge(e))
        {
            throw AtomicFile.TooLarge(column.Stream.Name, e);
        }
    }

    private void Identify()
    {
        if (!identified && !File.Exists(identityFile)) AtomicFile.WriteText(identityFile, identity());
        identified = true;
    }

    private void Add(Entry entry)
    {
        Identify();
        entries.Add(entry);
        log.Write(Line(entry));
    }

    private void ReadLog(string path)
    {
        if (!File.Exists(path)) return;
        var text = File.ReadAllText(path);
        // The last line of a killed run may be cut short.
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split('\t');
            if (fields.Length != 3 || !long.TryParse(fields[1], out var label)) break;
            entries.Add(new Entry(Uri.UnescapeDataString(fields[2]), label, fields[0] == "skipped"));
        }
    }

    private static string Line(Entry entry) =>
        $"{(entry.Skipped ? "skipped" : "kept")}\t{entry.Label}\t{Uri.EscapeDataString(entry.Image)}\n";

    private FileStream OpenColumn(string name)
    {
        try
        {
            return new FileStream(ColumnFile(name), FileMode.OpenOrCreate);
        }
        catch (IOException e)
        {
            foreach (var column in columns) column.Stream.Dispose();
            throw new DiffractException($"{ColumnFile(name)} cannot be written; does another process extract the same? "
                + $"({e.Message})", e);
        }
    }

    private static string FolderOf(string path) => path + ".partial";

    private string ColumnFile(string name) => Path.Combine(folder, name + ".bin");

    private static unsafe ReadOnlySpan<byte> Bytes(Tensor row) =>
        new(row.View.As<byte>(), checked((int)(row.Count * row.DType.Size())));
}
