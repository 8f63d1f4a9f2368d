using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Tests;

/// <summary>Small pictures and small networks for tests of whole jobs.</summary>
internal static class Work
{
    /// <summary>A recipe that ends in a second or two.</summary>
    public static PretrainRecipe Tiny { get; } = new()
    {
        Data = "memory",
        ImageSize = 8,
        Channels = 32,
        ChannelMult = [1, 1],
        AttentionSizes = [4],
        Steps = 6,
        Batch = 4,
        LearningRate = 1e-3,
        EmaRate = 0.9,
        SaveEvery = 2,
        SampleEvery = 0,
        Seed = 5,
    };

    /// <summary>Writes pictures of stripes: bright ones across in one folder, dark ones down in another.</summary>
    public static string Folder(string parent, int perClass = 6, int size = 8)
    {
        for (var label = 0; label < 2; label++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(parent, label == 0 ? "across" : "down")).FullName;
            for (var i = 0; i < perClass; i++)
                PngWriter.Save(Path.Combine(folder, $"{i:00}.png"), Stripes(size, label, i));
        }
        return parent;
    }

    /// <summary>A run folder in the test's own directory.</summary>
    public static RunFolder Run<T>(string path, T recipe,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) =>
        RunFolder.Create(path, recipe, json, RunEnvironment.Now("test", Device.Cpu));

    /// <summary>A pretrained network of the tiny recipe; its steps are few, its weights are not the initial ones.
    /// </summary>
    public static string Network(string folder, PretrainRecipe? recipe = null)
    {
        var pictures = Folder(Path.Combine(folder, "pictures"));
        var run = Run(Path.Combine(folder, "network"), recipe ?? Tiny, PretrainRecipe.Json);
        var task = new PretrainTask(run, recipe ?? Tiny, DataSource.Any(pictures, DatasetPart.Train));
        return task.Run(RunProgress.None).EmaPath;
    }

    /// <summary>All numbers of a file of tensors, name by name.</summary>
    public static Dictionary<string, float[]> Numbers(string path)
    {
        using var file = TensorFile.Open(path);
        return file.Where(t => t.Value.DType == DType.Float32).ToDictionary(t => t.Key, t => t.Value.ToArray<float>());
    }

    private static Image Stripes(int size, int direction, int phase)
    {
        var image = new Image(size, size);
        for (var y = 0; y < size; y++)
            for (var x = 0; x < size; x++)
                for (var c = 0; c < 3; c++)
                {
                    var stripe = ((direction == 0 ? y : x) + phase) % 4 < 2 ? 60 : 0;
                    image.Pixels[(y * size + x) * 3 + c] = (byte)(stripe + (direction == 0 ? 180 : 10) + 5 * c);
                }
        return image;
    }
}
