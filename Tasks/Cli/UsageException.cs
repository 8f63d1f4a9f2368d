using Diffract.Engine;

namespace Diffract.Cli;

/// <summary>A command line that is wrong whatever its files hold: said with the verb's name, and exit code 2.</summary>
internal sealed class UsageException(string message) : DiffractException(message);
