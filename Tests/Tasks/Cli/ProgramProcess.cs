using System.Diagnostics;
using System.Globalization;

namespace Diffract.Tests.Tasks;

/// <summary>The program <c>diffract</c> as a process of its own, to be stopped from outside.</summary>
internal sealed class ProgramProcess : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly Task<string> output, error;

    private ProgramProcess(ProcessStartInfo start)
    {
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    private static string Runtime => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Program => Path.Combine(AppContext.BaseDirectory, "diffract.dll");

    public static ProgramProcess Start(params string[] arguments) => new(Info(Runtime, [Program, .. arguments]));

    /// <summary>Starts it from a shell that is told something first, such as a limit.</summary>
    public static ProgramProcess StartAfter(string command, params string[] arguments) =>
        new(Info("/bin/sh", ["-c", command + "\nexec \"$0\" \"$@\"", Runtime, Program, .. arguments]));

    /// <summary>Runs it to its end, whatever that is.</summary>
    public static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var program = Start(arguments);
        return program.End();
    }

    /// <summary>Waits for something that the program does; it must not end before.</summary>
    public void Until(Func<bool> happened)
    {
        var clock = Stopwatch.StartNew();
        while (!happened())
        {
            if (process.HasExited) throw new InvalidOperationException($"it ended before that: {End().Error}");
            if (clock.Elapsed > patience) throw new TimeoutException("it did not come to that");
            Thread.Sleep(1);
        }
    }

    /// <summary>Ends it as a failure of power would: SIGKILL.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Sends a signal, such as INT, which Ctrl+C sends.</summary>
    public void Signal(string name)
    {
        var id = process.Id.ToString(CultureInfo.InvariantCulture);
        using var kill = Process.Start("kill", ["-" + name, id]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    public (int Code, string Output, string Error) End()
    {
        if (!process.WaitForExit(patience))
        {
            Kill();
            throw new TimeoutException("it did not end");
        }
        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!process.HasExited) Kill();
        process.Dispose();
    }

    private static ProcessStartInfo Info(string file, IEnumerable<string> arguments) =>
        new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
}
