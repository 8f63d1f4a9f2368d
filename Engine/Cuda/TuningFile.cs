using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Diffract.Engine.Cuda;

/// <summary>What trials have chosen on one kind of GPU under one driver, as JSON on the disk. A file that is damaged or
/// of something else counts as empty and is replaced. Programs that write at the same time may lose each other's
/// choices, which are then found again; no file is ever half written.</summary>
internal sealed class TuningFile
{
    private readonly Lock gate = new();
    private readonly string path, gpu, driver;
    private Dictionary<string, string>? choices;

    /// <summary>The file of a GPU.</summary>
    /// <param name="folder">Where; made when it is missing.</param>
    /// <param name="gpu">The GPU's name, and what else tells it from others.</param>
    /// <param name="driver">The driver's version.</param>
    public TuningFile(string folder, string gpu, string driver)
    {
        (this.gpu, this.driver) = (gpu, driver);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{gpu}\n{driver}"));
        path = Path.Combine(folder, $"tuning-{Convert.ToHexStringLower(hash)[..16]}.json");
    }

    /// <summary>The choice for a problem; null when there is none.</summary>
    public string? Find(string problem)
    {
        lock (gate) return (choices ??= Read()).GetValueOrDefault(problem);
    }

    /// <summary>Keeps a choice, beside what others have kept meanwhile. A folder that cannot be written costs time at
    /// the next start, nothing else.</summary>
    public void Keep(string problem, string choice)
    {
        lock (gate)
        {
            choices = Read();
            choices[problem] = choice;
            var kept = choices.OrderBy(c => c.Key, StringComparer.Ordinal)
                .Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Value));
            var content = new JsonObject
            {
                ["gpu"] = gpu,
                ["driver"] = driver,
                ["choices"] = new JsonObject(kept),
            };
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                AtomicFile.WriteText(path, content.ToString());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    private Dictionary<string, string> Read()
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllText(path)) is JsonObject content && (string?)content["gpu"] == gpu
                && (string?)content["driver"] == driver && content["choices"] is JsonObject kept)
                return kept.ToDictionary(c => c.Key, c => (string)c.Value!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException or ArgumentException)
        {
            // None yet, or none that can be read.
        }
        return [];
    }
}
