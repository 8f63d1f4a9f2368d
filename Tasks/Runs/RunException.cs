using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A run folder, recipe or log that cannot be used as it is.</summary>
public sealed class RunException(string message, Exception? inner = null) : DiffractException(message, inner);
