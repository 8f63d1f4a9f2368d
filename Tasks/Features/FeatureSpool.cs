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
    private int kept;

    /// <summary>Opens the spool of <paramref name="path"/>, new or interrupted.</summary>
    /// <param name="path">The feature file that will be.</param>
    /// <param name="identity">What decides the rows (recipe, checkpoint, images); a spool of another one is refused.
    /// Asked for when the first image is added, or at once if there are some already.</param>
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
        identified = entries.Count > 0;
        if (!identified) File.Delete(identityFile);
        else if (!File.Exists(identityFile) || File.ReadAllText(identityFile) != identity())
            throw new DiffractException($"{folder} holds the beginning of another extraction (other checkpoint, images "
                + "or settings): remove that folder, or write to another file");
        foreach (var (name, row) in rows) columns.Add(new Column(name, dtype, row, OpenColumn(name)));
        long whole = kept;
        foreach (var column in columns) whole = Math.Min(whole, column.Stream.Length / column.RowBytes);
        while (kept > whole) Truncate(entries.Count - 1);
        if (entries.Count < total) Truncate(entries.Count / batch * batch);
        foreach (var column in columns)
        {
            column.Stream.SetLength(kept * column.RowBytes);
            column.Stream.Seek(0, SeekOrigin.End);
        }
        AtomicFile.WriteText(logFile, string.Concat(entries.Select(Line)));
        log = new StreamWriter(logFile, append: true);
    }

    /// <summary>Images dealt with, skipped ones included.</summary>
    public int Done => entries.Count;

    /// <summary>The images without a row so far.</summary>
    public IReadOnlyList<string> Skipped => [.. entries.Where(e => e.Skipped).Select(e => e.Image)];

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

    /// <summary>As <see cref="Flush"/>, as far as the disk takes it: for a run that ends with another error.</summary>
    public void TryFlush()
    {
        try
        {
            Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whole rows that did arrive are gone on from.
        }
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
    /// <exception cref="DiffractException">No image has a row; the next run begins anew.</exception>
    public void Complete(string path, Func<IReadOnlyList<string>, IReadOnlyList<string>, FeatureFileHeader> header,
        Action<int>? saved = null)
    {
        Flush();
        if (kept == 0)
        {
            var count = entries.Count;
            Truncate(0);
            throw new DiffractException($"{path}: none of the {count} images could be read");
        }
        var rows = entries.Where(e => !e.Skipped).ToList();
        using (Scope.Open())
        {
            var tensors = new Dictionary<string, Tensor>();
            foreach (var column in columns)
            {
                column.Stream.Dispose();
                tensors.Add(column.Name, TensorFile.MapRaw(ColumnFile(column.Name), column.DType,
                    Shape.Of([kept, .. column.Row.ToArray()])));
            }
            if (rows.All(e => e.Label >= 0))
                tensors.Add("labels", Tensor.From(rows.Select(e => e.Label).ToArray(), [kept]));
            TensorFile.Save(path, tensors, header([.. rows.Select(e => e.Image)], Skipped).Metadata());
        }
        saved?.Invoke(kept);
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

    private void Add(Entry entry)
    {
        if (!identified) AtomicFile.WriteText(identityFile, identity());
        identified = true;
        Note(entry);
        log.Write(Line(entry));
    }

    private void Note(Entry entry)
    {
        entries.Add(entry);
        if (!entry.Skipped) kept++;
    }

    private void Truncate(int count)
    {
        for (; entries.Count > count; entries.RemoveAt(entries.Count - 1))
            if (!entries[^1].Skipped) kept--;
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
            Note(new Entry(Uri.UnescapeDataString(fields[2]), label, fields[0] == "skipped"));
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
