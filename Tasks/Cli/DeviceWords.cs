using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that say where to calculate, and how a GPU is used.</summary>
internal sealed class DeviceWords
{
    private readonly Option<string?> device = CommonOptions.Device();

    private readonly Option<bool> noTuning = new("--no-tuning")
    {
        Description = "Does not try out how large products run fastest on this GPU; results do not depend on it",
    };

    public Option[] Options => [device, noTuning];

    /// <summary>The device's word.</summary>
    public string? Word(ParseResult parsed) => parsed.GetValue(device);

    /// <summary>Opens the device that a command line means, and says which on the error stream. Whoever asks disposes
    /// it, if it is a thing to dispose.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="gpus">Where GPUs come from.</param>
    /// <param name="terminal">Where to say it.</param>
    /// <inheritdoc cref="CommonOptions.OpenDevice" path="/exception"/>
    public Device Open(ParseResult parsed, Gpus gpus, Terminal terminal) =>
        CommonOptions.OpenDevice(Word(parsed), Used(parsed, gpus), terminal);

    /// <summary>GPUs, used as the command line says.</summary>
    public Gpus Used(ParseResult parsed, Gpus gpus) =>
        parsed.GetValue(noTuning) ? gpus.With(options => options with { Tuning = false }) : gpus;
}
