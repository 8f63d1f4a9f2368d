namespace Diffract.Cli;

/// <summary>What the program says to the shell.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something failed, and one sentence on the error stream says what.</summary>
    public const int Failure = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl+C: 128 and the signal's number, as shells count.</summary>
    public const int Interrupted = 130;

    /// <summary>Stopped by a request to end, as a batch system sends it before it kills.</summary>
    public const int Terminated = 143;
}
