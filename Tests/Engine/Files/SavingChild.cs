using System.Diagnostics;
using Diffract.Engine;

namespace Diffract.Tests;

/// <summary>A process that saves tensors without end, to be killed while it does. Each save has one number more than
/// the last, in the metadata and in every element, so that a mixture of two saves would show.</summary>
internal static class SavingChild
{
    public const string Verb = "save-without-end";
    public static readonly string[] Names = ["state.safetensors", "state.pt"];

    private const string Key = "number";
    private const int Elements = 200_000;

    /// <summary>Starts the process and waits until it has saved once.</summary>
    public static Process Start(string folder)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet) { RedirectStandardOutput = true };
        start.ArgumentList.Add(typeof(SavingChild).Assembly.Location);
        start.ArgumentList.Add(Verb);
        start.ArgumentList.Add(folder);
        var child = Process.Start(start)!;
        if (child.StandardOutput.ReadLine() != "saved") throw new InvalidOperationException("the child did not start");
        return child;
    }

    /// <summary>In the child: never returns.</summary>
    public static void Run(string folder)
    {
        var number = Names.Max(name => Read(Path.Combine(folder, name)));
        while (true)
        {
            number++;
            foreach (var name in Names) Save(Path.Combine(folder, name), number);
            Console.WriteLine("saved");
        }
    }

    public static void Save(string path, int number)
    {
        using var scope = Scope.Open();
        var tensors = new Dictionary<string, Tensor>();
        for (var i = 0; i < 4; i++)
            tensors[$"t{i}"] = Tensor.From(Enumerable.Repeat(number, Elements).ToArray(), [Elements]);
        TensorFile.Save(path, tensors, new Dictionary<string, string> { [Key] = number.ToString() });
    }

    /// <summary>The number of the save that a file holds, after a look at all of it; 0 when there is no file.</summary>
    public static int Read(string path)
    {
        if (!File.Exists(path)) return 0;
        using var file = TensorFile.Open(path);
        file.Verify();
        var number = int.Parse(file.Metadata[Key]);
        if (file.Count != 4 || file.Values.Any(tensor => tensor.AsSpan<int>().ContainsAnyExcept(number)))
            throw new InvalidDataException($"{path} is not wholly of save {number}");
        return number;
    }
}
