using System.CommandLine;
using System.CommandLine.Invocation;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>The program <c>diffract</c>: verbs, exit codes, errors and Ctrl+C in one place, so that a verb is only its
/// options and a call of the library.</summary>
public static class Application
{
    /// <summary>Runs the program.</summary>
    /// <param name="args">Verb, arguments, options.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="cancellation">Ends the work cleanly, as the first Ctrl+C does.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellation = default) =>
        RunAsync(args, terminal, new Gpus(), cancellation);

    /// <summary>Runs the program on a machine with other GPUs than this one's.</summary>
    internal static async Task<int> RunAsync(
        string[] args, Terminal terminal, Gpus gpus, CancellationToken cancellation = default)
    {
        var debug = CommonOptions.Debug();
        var root = MakeRoot(terminal, debug, gpus);
        var parsed = root.Parse(args);
        var stopsCleanly = parsed.Action is AsynchronousCommandLineAction;
        using var interrupt = new Interruption(terminal, stopsCleanly, cancellation);
        try
        {
            // Signals are Interruption's business, and errors the next lines'.
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                ProcessTerminationTimeout = null,
                EnableDefaultExceptionHandler = false,
            };
            if (args.Length == 0) return UsageError.Overview(terminal, root);
            return UsageError.Find(parsed) is { } problem
                ? UsageError.Report(terminal, parsed, problem)
                : await parsed.InvokeAsync(configuration, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync("diffract: stopped");
            return interrupt.ExitCode;
        }
        catch (UsageException e)
        {
            return UsageError.Report(terminal, parsed, e.Message);
        }
        catch (Exception e)
        {
            return Failure.Report(terminal, e, parsed.GetValue(debug));
        }
    }

    internal static RootCommand MakeRoot(Terminal terminal, Option<bool> debug, Gpus gpus)
    {
        var root = new RootCommand(
            "Runs, reads and trains around diffusion U-Nets, in managed code on any CPU and on NVIDIA GPUs");
        root.Options.Add(debug);
        root.Subcommands.Add(QuickstartVerb.Make(terminal, gpus));
        root.Subcommands.Add(PretrainVerb.Make(terminal, gpus));
        root.Subcommands.Add(SampleVerb.Make(terminal, gpus));
        root.Subcommands.Add(EditVerb.Make(terminal, gpus));
        root.Subcommands.Add(ClassifierVerb.Make(terminal, gpus));
        root.Subcommands.Add(EvaluateClassifierVerb.Make(terminal, gpus));
        root.Subcommands.Add(FeaturesVerb.Make(terminal, gpus));
        root.Subcommands.Add(TrainVerb.Make(terminal, gpus));
        root.Subcommands.Add(EvaluateVerb.Make(terminal, gpus));
        root.Subcommands.Add(RunsVerb.Make(terminal));
        root.Subcommands.Add(StudyVerb.Make(terminal, gpus));
        root.Subcommands.Add(SweepVerb.Make(terminal, gpus));
        root.Subcommands.Add(KnnVerb.Make(terminal, gpus));
        root.Subcommands.Add(CkaVerb.Make(terminal, gpus));
        root.Subcommands.Add(MapsVerb.Make(terminal, gpus));
        root.Subcommands.Add(EvaluateGenerationVerb.Make(terminal, gpus));
        root.Subcommands.Add(LikelihoodVerb.Make(terminal, gpus));
        root.Subcommands.Add(VerifyVerb.Make(terminal, gpus));
        root.Subcommands.Add(InspectVerb.Make(terminal));
        root.Subcommands.Add(ConvertVerb.Make(terminal));
        root.Subcommands.Add(DevicesVerb.Make(terminal, gpus));
        Help.Install(root);
        return root;
    }
}
