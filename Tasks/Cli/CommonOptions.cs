using System.CommandLine;
using Diffract.Engine;

namespace Diffract.Cli;

/// <summary>Options that several verbs have.</summary>
internal static class CommonOptions
{
    /// <summary>Shows where an unexpected error happened.</summary>
    public static Option<bool> Debug() => new("--debug")
    {
        Description = "Show where an error happened in the program's code",
        Recursive = true,
    };

    /// <summary>Where to calculate.</summary>
    public static Option<string?> Device()
    {
        var option = Choice("--device", "Where to calculate; sim runs the GPU's kernels in an interpreter, slowly, and "
            + "checks every access", "cpu", "sim");
        option.DefaultValueFactory = _ => "cpu";
        return option;
    }

    /// <summary>How many threads calculate.</summary>
    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads")
        {
            Description = "Threads that calculate; results do not depend on it",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var n) || n is < 1 or > 1024))
                result.AddError($"--threads is a number from 1 to 1024, not '{result.Tokens[0].Value}'");
        });
        return option;
    }

    /// <summary>The device that a command line means: the process's own when it wants all threads.</summary>
    public static Device OpenDevice(string? name, int threads) => name switch
    {
        null or "cpu" => threads == Engine.Device.Cpu.Threads ? Engine.Device.Cpu : new CpuDevice(threads),
        "sim" => new SimDevice(),
        _ => throw new DeviceException($"there is no device '{name}' on this machine"),
    };

    /// <summary>A choice among a few words.</summary>
    public static Option<string?> Choice(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!words.Contains(token.Value))
                    result.AddError($"{name} is {string.Join(" or ", words)}, not '{token.Value}'");
        });
        return option;
    }

    /// <summary>The element type that a word of the command line means.</summary>
    public static DType? ParseDType(string? word) => word switch
    {
        null => null,
        "float64" => DType.Float64,
        "float16" => DType.Float16,
        "bfloat16" => DType.BFloat16,
        "float32" => DType.Float32,
        _ => throw new DTypeException($"'{word}' is not an element type"),
    };
}
