using System.CommandLine;
using System.Globalization;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that several verbs have.</summary>
internal static class CommonOptions
{
    /// <summary>The device when nothing is said: a GPU where there is one.</summary>
    public const string Auto = "auto";

    /// <summary>Shows where an unexpected error happened.</summary>
    public static Option<bool> Debug() => new("--debug")
    {
        Description = "Show where an error happened in the program's code",
        Recursive = true,
    };

    /// <summary>Where to calculate.</summary>
    public static Option<string?> Device()
    {
        var option = new Option<string?>("--device")
        {
            Description = "Where to calculate: auto is the first GPU, and the CPU where there is none; sim runs the "
                + "GPU's kernels in an interpreter, slowly, and checks every access",
            HelpName = "auto|cpu|cuda[:N]|sim",
            DefaultValueFactory = _ => Auto,
        };
        option.CompletionSources.Add(Auto, "cpu", "cuda", "sim");
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (token.Value is not (Auto or "cpu" or "sim") && Ordinal(token.Value) is null)
                    result.AddError($"--device is {Auto} or cpu or cuda or cuda:N or sim, not '{token.Value}'"
                        + Spelling.Hint([Auto, "cpu", "cuda", "sim"], token.Value));
        });
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

    /// <summary>Opens the device that a command line means, and says which on the error stream. Whoever asks disposes
    /// it, if it is a thing to dispose.</summary>
    /// <param name="word">A value of <see cref="Device"/>.</param>
    /// <param name="gpus">Where GPUs come from.</param>
    /// <param name="terminal">Where to say it.</param>
    /// <param name="threads">Threads that calculate on the CPU; all when null.</param>
    /// <exception cref="DeviceException">A GPU was asked for by name and cannot be used.</exception>
    public static Device OpenDevice(string? word, Gpus gpus, Terminal terminal, int? threads = null)
    {
        var reason = "";
        Device device = word switch
        {
            "cpu" => Cpu(threads),
            "sim" => new SimDevice(),
            null or Auto => TryGpu(gpus, out reason) ?? Cpu(threads),
            _ => gpus.Open(Ordinal(word) ?? throw new DeviceException($"there is no device '{word}'")),
        };
        terminal.Error.WriteLine(
            $"device: {DeviceTable.Describe(device)}{(reason.Length > 0 ? $" (no GPU: {reason})" : "")}");
        return device;
    }

    private static Device Cpu(int? threads) =>
        threads is { } n && n != Engine.Device.Cpu.Threads ? new CpuDevice(n) : Engine.Device.Cpu;

    private static Device? TryGpu(Gpus gpus, out string reason)
    {
        try
        {
            reason = "";
            return gpus.Open();
        }
        catch (DeviceException e)
        {
            reason = DeviceTable.FirstSentence(e.Message);
            return null;
        }
    }

    // The number in cuda:N, 0 for cuda; null for anything else.
    private static int? Ordinal(string word) => word == "cuda" ? 0
        : word.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : null;

    /// <summary>A choice among a few words.</summary>
    public static Option<string?> Choice(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!words.Contains(token.Value))
                    result.AddError($"{name} is {string.Join(" or ", words)}, not '{token.Value}'"
                        + Spelling.Hint(words, token.Value));
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
