using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Data that a task cannot work with: an empty folder, a single class, missing or contradictory files. The
/// message says what was found and what is expected, in one sentence.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : DiffractException(message, inner);
