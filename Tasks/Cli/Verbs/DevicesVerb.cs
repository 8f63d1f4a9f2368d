using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract devices</c>.</summary>
internal static class DevicesVerb
{
    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var verb = new Verb("devices", "Lists what this machine can calculate on") { Examples = ["diffract devices"] };
        verb.SetAction(_ =>
        {
            foreach (var line in DeviceTable.Lines(gpus)) terminal.Output.WriteLine(line);
            return ExitCode.Success;
        });
        return verb;
    }
}
