using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Diffract.Benchmarks.Baseline;

/// <summary>The ratios that are expected, and the machine they are from: <c>Benchmarks/Baseline/baseline.json</c>.
/// </summary>
internal sealed class BaselineFile
{
    private static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    private readonly string path;

    private BaselineFile(string path, string machine, SortedDictionary<string, double> ratios) =>
        (this.path, Machine, Ratios) = (path, machine, ratios);

    /// <summary>This machine.</summary>
    public static string ThisMachine => $"{Processor()}, {Environment.ProcessorCount} threads";

    /// <summary>The machine of the ratios.</summary>
    public string Machine { get; set; }

    /// <summary>Times of a kernel, in times of its reference, by the kernel's name.</summary>
    public SortedDictionary<string, double> Ratios { get; }

    /// <summary>Reads the file of the repository that this program was built in.</summary>
    /// <exception cref="FileNotFoundException">The program runs away from its repository.</exception>
    public static BaselineFile Read()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln"))) folder = folder.Parent;
        if (folder is null) throw new FileNotFoundException("the program runs away from its repository");
        var path = Path.Combine(folder.FullName, "Benchmarks", "Baseline", "baseline.json");
        var ratios = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (!File.Exists(path)) return new(path, ThisMachine, ratios);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (name, ratio) in json["ratios"]!.AsObject()) ratios.Add(name, ratio!.GetValue<double>());
        return new(path, json["machine"]!.GetValue<string>(), ratios);
    }

    /// <summary>Writes it.</summary>
    public void Write()
    {
        var ratios = new JsonObject();
        foreach (var (name, ratio) in Ratios) ratios[name] = Math.Round(ratio, 4);
        var text = new JsonObject { ["machine"] = Machine, ["ratios"] = ratios }.ToJsonString(indented);
        File.WriteAllText(path + ".new", text + "\n");
        File.Move(path + ".new", path, true);
    }

    private static string Processor()
    {
        const string Source = "/proc/cpuinfo";
        var line = File.Exists(Source)
            ? File.ReadLines(Source).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.OSArchitecture.ToString();
    }
}
